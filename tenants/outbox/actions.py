"""Audit actions of outgoing mail."""

from governance.actions import register_action
from governance.objects import register_objects

MAIL_SENT_AGAIN = register_action("mail.sent_again", "Sent a mail again")
MAIL_CHOICES_CHANGED = register_action("mail.choices_changed", "Chose which mails to get")
register_objects(
    {
        "mail": "Mail",
        "mail_sender": "Mail sender",
    }
)
