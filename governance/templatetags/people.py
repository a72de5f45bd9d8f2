"""How an actor's label is shown. Labels of people read "Name <address>"."""

from django import template

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
