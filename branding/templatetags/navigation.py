"""The menus, for the base templates."""

from __future__ import annotations

from django import template

from branding.navigation import Group, Item, console_items, portal_items, staff_groups
from branding.nouns import Nouns

register = template.Library()


@register.simple_tag(takes_context=True)
def staff_navigation(context: template.Context) -> list[Group]:
    """The staff's menu in groups; empty while nobody is signed in."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return []
    return staff_groups(request, _nouns(context))


@register.simple_tag(takes_context=True)
def portal_navigation(context: template.Context) -> list[Item]:
    """The portal's menu; empty while nobody is signed in."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return []
    return portal_items(request, _nouns(context))


@register.simple_tag(takes_context=True)
def console_navigation(context: template.Context) -> list[Item]:
    """The operators' menu; empty while nobody is signed in."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return []
    return console_items(request)


def _nouns(context: template.Context) -> Nouns:
    known = getattr(context.get("brand"), "nouns", None)
    return known if isinstance(known, Nouns) else Nouns()


@register.filter
def initials(person: object) -> str:
    """Up to two letters for a person's name."""
    words = str(person).replace("@", " ").split()
    letters = [word[0] for word in words if word[0].isalnum()]
    return "".join(letters[:1] + letters[1:][-1:]).upper() or "•"
