"""Names of people, clients and tokens, as they may stand in lists, mails and the audit trail."""

from django.core.exceptions import ValidationError

from governance.hidden import holds_hidden


def plain_name(text: str, field: str = "name") -> str:
    """Return a name without outer spaces. Raises ValidationError at `field` for hidden signs."""
    name = text.strip()
    if holds_hidden(name):
        raise ValidationError({field: "Write it on one line, without hidden characters."})
    return name
