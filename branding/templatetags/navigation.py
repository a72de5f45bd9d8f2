"""The menus, for the base templates."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from branding.navigation import Group, Item, console_items, portal_items, staff_groups
from branding.nouns import Nouns
from branding.shortcuts import Shortcut, shortcuts_for
from governance.requests import actor_of
from tenants.accounts.services.filters import PAGES, kept_query, visible_filters

register = template.Library()


@dataclass(frozen=True, slots=True)
class SavedEntry:
    """A saved filter as it is shown. owner: whose it is, empty for one's own."""

    pk: int
    label: str
    url: str
    active: bool
    owner: str
    may_delete: bool


@dataclass(frozen=True, slots=True)
class SavedFilters:
    """What a list's menu of filters needs. query: the list's own now."""

    page: str
    query: str
    kept: list[SavedEntry]
    may_share: bool


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


@register.simple_tag(takes_context=True)
def saved_filters(context: template.Context) -> SavedFilters | None:
    """What was saved for this list; None on a page that has no filters to save."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    if request is None or match is None or match.url_name not in PAGES:
        return None
    if not request.user.is_authenticated:
        return None
    actor = actor_of(request)
    now = kept_query(request.META.get("QUERY_STRING", ""))
    rows = visible_filters(actor).filter(page=match.url_name).select_related("user")
    kept = [
        SavedEntry(
            one.pk,
            one.name,
            f"{request.path}?{one.query}",
            one.query == now,
            "" if one.user_id == actor.user_id else str(one.user),
            one.user_id == actor.user_id or actor.can("users.manage", None),
        )
        for one in rows
    ]
    return SavedFilters(match.url_name, now, kept, actor.client_id is None)


@register.simple_tag(takes_context=True)
def staff_shortcuts(context: template.Context) -> list[Shortcut]:
    """The keys that lead to the main lists."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return []
    return shortcuts_for(request)


def _nouns(context: template.Context) -> Nouns:
    known = getattr(context.get("brand"), "nouns", None)
    return known if isinstance(known, Nouns) else Nouns()


@register.filter
def initials(person: object) -> str:
    """Up to two letters for a person's name."""
    words = str(person).replace("@", " ").split()
    letters = [word[0] for word in words if word[0].isalnum()]
    return "".join(letters[:1] + letters[1:][-1:]).upper() or "•"
