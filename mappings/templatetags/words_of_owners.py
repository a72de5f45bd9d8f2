"""Owners of fields in words."""

from django import template

from mappings.ownership import ANY, NOBODY

register = template.Library()
_WORDS = {ANY: "Whoever changed it last", NOBODY: "A person decides"}


@register.filter
def owner_words(owner: str) -> str:
    """A kind of system as people say it: `crm` as CRM."""
    return _WORDS.get(owner) or (owner.upper() if len(owner) < 5 else owner.capitalize())
