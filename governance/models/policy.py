"""How many signatures a change needs, whose, and when nothing may go in."""

from django.db import models
from django.utils import timezone

ANY_KIND = "*"


class Policy(models.Model):
    """What a kind of change needs. The most exact row wins (see `services.policies`).

    kind: a governed kind, or "*" for all that have no row of their own.
    touches_money: True for changes that touch money or weaken a control, False for those that
        don't; None for both.
    approvals: signatures by the partner's staff.
    approver_roles: role keys that may give them; empty for everybody with the permission.
    client_signature: a change for one client needs that client's approver too.
    independence_days: for so long whoever let somebody in, or gave them a role, counts as the
        same person as they; 0 for not at all.
    impact_required: nobody signs before the impact preview is there and up to date.
    auto_apply: goes live with its last signature; otherwise somebody presses Apply.
    in_window: goes live in a release window only, where there is one.
    review_within_hours: an emergency change must have its signatures by then; None: there are
        no emergencies.
    solo: while nobody but its author could sign, the author may let a change in alone.
    """

    kind = models.CharField(max_length=60)
    touches_money = models.BooleanField(null=True)
    approvals = models.PositiveSmallIntegerField(default=1)
    approver_roles = models.JSONField(default=list)
    client_signature = models.BooleanField(default=False)
    independence_days = models.PositiveSmallIntegerField(default=14)
    impact_required = models.BooleanField(default=False, db_default=False)
    auto_apply = models.BooleanField(default=True)
    in_window = models.BooleanField(default=False)
    expires_after_hours = models.PositiveIntegerField(null=True)
    review_within_hours = models.PositiveIntegerField(null=True)
    solo = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "touches_money"], name="policy_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.approvals}"


class Window(models.Model):
    """A stretch of time in which changes may be released, or in which none may go in.

    Whatever is given must hold: between two moments; every month from one day to another (1 to
    31, both included; a shorter month ends with its last day); on these days of the week (0 is
    Monday); from one hour to another (past midnight, if the second is earlier). All but the
    moments are meant in `time_zone`.
    entity: the legal entity of that client that it is for; empty for all of them.
    """

    class Mode(models.TextChoices):
        RELEASE = "release", "Release"
        FREEZE = "freeze", "Freeze"

    name = models.CharField(max_length=120)
    mode = models.CharField(max_length=8, choices=Mode)
    client_id = models.BigIntegerField(null=True)
    entity = models.CharField(max_length=120, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, default="UTC")
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    first_day = models.PositiveSmallIntegerField(null=True)
    last_day = models.PositiveSmallIntegerField(null=True)
    weekdays = models.JSONField(default=list)
    from_time = models.TimeField(null=True)
    to_time = models.TimeField(null=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
