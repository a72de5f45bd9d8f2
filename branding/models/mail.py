"""From whom a partner's mails come, and the mail server that sends them."""

from __future__ import annotations

import uuid

from django.db import models


class MailSender(models.Model):
    """One row per partner at most. Only `branding.services.mail_sender` changes it.

    Name and reply address hold at once. The server and its address are used once a test mail
    has gone through them as they stand: `verified_at` is emptied whenever one of them changes.
    `secret` is the server's password, sealed. `last_error` and `failing_since` say that mails
    go through the installation's server for now; `rest_until` is when the own one is asked again.
    `anchor_to`: who gets the end of the audit trail; `branding.services.anchor_mail` changes it.
    """

    class Tls(models.TextChoices):
        STARTTLS = "starttls", "STARTTLS (usually port 587)"
        TLS = "tls", "TLS from the start (usually port 465)"
        NONE = "none", "None, inside a private network only"

    uuid = models.UUIDField(default=uuid.uuid4, editable=False)
    from_name = models.CharField("sender's name", max_length=60, blank=True)
    reply_to = models.EmailField("answers go to", blank=True)
    host = models.CharField("mail server", max_length=253, blank=True)
    port = models.PositiveIntegerField(default=587)
    tls = models.CharField("encryption", max_length=8, choices=Tls, default=Tls.STARTTLS)
    username = models.CharField("user name", max_length=200, blank=True)
    secret = models.TextField(blank=True)
    from_address = models.EmailField("sender's address", blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    rest_until = models.DateTimeField(null=True, blank=True)
    anchor_to = models.JSONField(default=list, db_default=[], blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.from_address or self.from_name

    @property
    def has_server(self) -> bool:
        """Whether a server of the partner's own is written down."""
        return bool(self.host)

    @property
    def state(self) -> str:
        """What the page says of the own server: verified, failing, pending or none."""
        if not self.has_server:
            return "none"
        if self.verified_at is None:
            return "pending"
        return "failing" if self.failing_since else "verified"
