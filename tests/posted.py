"""The mails of a partner once its worker has been round."""

from datetime import timedelta

from django.core import mail
from django.core.mail import EmailMessage
from django.utils import timezone
from django_tenants.utils import schema_context

from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.sending import send_due


def posted(schema: str = "p_northwind") -> list[EmailMessage]:
    """Send what is queued; return all that was sent in this test."""
    with schema_context(schema):
        send_due()
    return mail.outbox


def a_while_later(schema: str = "p_northwind") -> None:
    """Let the pauses between two mails of a kind be over."""
    with schema_context(schema):
        OutgoingMail.objects.update(created_at=timezone.now() - timedelta(minutes=5))
