"""How an actor's label is shown. Labels of people read "Name <address>"."""

from django import template

from governance.models import AuditEntry

register = template.Library()


@register.filter
def person_name(label: str) -> str:
    """Return the name alone, for pages whose readers need no address."""
    name, mark, _ = label.partition(" <")
    return name if mark and label.endswith(">") else label


@register.filter
def person_address(label: str) -> str:
    """Return the address alone, "" where the label holds none."""
    _, mark, rest = label.partition(" <")
    return rest[:-1] if mark and rest.endswith(">") else ""


@register.filter
def actor_name(entry: AuditEntry) -> str:
    """Return who did what an entry tells of: a name alone, and "the system" for our own work."""
    return (
        "The system" if entry.actor_kind in ("system", "task") else person_name(entry.actor_label)
    )
