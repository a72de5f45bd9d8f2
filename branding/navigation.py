"""What the menus show. An entry appears when its page exists and the person may open it.

Entries name URL names, never paths, so that a page that another app brings lights up by being
there. Counts are registered by the apps that know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from branding.nouns import Nouns

OURS = Nouns()
Counter = Callable[[HttpRequest], int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu entry as it is declared. `counter` names a registered count; urgent ones stand out."""

    label: str
    url_name: str
    permission: str = ""
    icon: str = ""
    counter: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A menu entry as it is shown."""

    label: str
    url: str
    icon: str
    count: int = 0
    urgent: bool = False
    active: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading; the first group of the staff menu has none."""

    label: str
    items: tuple[Item, ...]


STAFF: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("Overview", "overview", icon="layout-dashboard"),
            Entry("Clients", "client_list", "clients.view", "building-2"),
            Entry("Engagements", "engagement_list", "records.view", "briefcase"),
        ),
    ),
    (
        "Operate",
        (
            Entry(
                "Exceptions", "exception_list", "exceptions.view", "triangle-alert",
                "open_exceptions", urgent=True,
            ),
            Entry("Workflows", "workflow_list", "workflows.view", "workflow"),
            Entry("Runs", "run_list", "workflows.view", "play"),
            Entry("Records", "record_list", "records.view", "database"),
        ),
    ),
    (
        "Configure",
        (
            Entry("Connections", "connection_list", "connections.view", "plug"),
            Entry("Mappings", "mapping_list", "mappings.view", "arrow-left-right"),
            Entry(
                "Change requests", "change_list", "changes.view", "git-compare",
                "awaiting_approval",
            ),
        ),
    ),
    (
        "Commercial",
        (
            Entry("Tiers", "tier_list", "prices.view", "tag"),
            Entry("Usage", "usage_overview", "usage.view", "chart-column"),
            Entry("Statements", "statement_list", "statements.view", "receipt"),
        ),
    ),
    (
        "Access",
        (
            Entry("People", "person_list", "users.manage", "users"),
            Entry("Roles", "role_matrix", "audit.view", "shield-check"),
            Entry("API tokens", "token_list", "tokens.manage", "key"),
            Entry("Webhooks", "endpoint_list", "webhooks.manage", "message-square"),
            Entry("Support access", "support_list", "support.grant", "life-buoy"),
            Entry("Audit", "audit_list", "audit.view", "history"),
            Entry("Evidence", "evidence", "audit.view", "stamp"),
        ),
    ),
    (
        "Brand",
        (
            Entry("Brand", "brand_edit", "brand.manage", "palette"),
            Entry("Domains", "domain_list", "domains.manage", "globe"),
            Entry("Mail", "mail_list", "brand.manage", "mail"),
        ),
    ),
)  # fmt: skip

PORTAL: tuple[Entry, ...] = (
    Entry("Home", "portal_home"),
    Entry(
        "Exceptions", "exception_list", "exceptions.view", counter="open_exceptions", urgent=True
    ),
    Entry("Approvals", "approval_list", "changes.view", counter="awaiting_approval", urgent=True),
    Entry("Engagements", "engagement_list", "records.view"),
    Entry("Workflows", "workflow_list", "workflows.view"),
    Entry("Records", "record_list", "records.view"),
    Entry("Mappings", "mapping_list", "mappings.view"),
    Entry("Usage", "usage", "usage.view"),
    Entry("Statements", "statement_list", "statements.view"),
    Entry("People", "person_list", "users.manage"),
    Entry("Audit", "audit_proof", "audit.view"),
)

CONSOLE: tuple[Entry, ...] = (
    Entry("Partners", "partner_list", "partners.view"),
    Entry("Domains", "domain_overview", "partners.view"),
    Entry("Health", "health_overview", "partners.view"),
)

_counters: dict[str, Counter] = {}


def register_counter(name: str, counter: Counter) -> None:
    """Let `counter` answer for the count `name`; from AppConfig.ready(), once per name.

    It is asked once per page, so it must be one cheap query. Raises ValueError for a second
    registration by another function.
    """
    if _counters.setdefault(name, counter) is not counter:
        raise ValueError(f"The count {name!r} is registered already.")


def staff_groups(request: HttpRequest, nouns: Nouns = OURS) -> list[Group]:
    """The staff's menu by kind of work, without what this person may not open."""
    shown = [(label, _items(request, entries, nouns)) for label, entries in STAFF]
    return [Group(label, tuple(items)) for label, items in _marked_groups(request, shown) if items]


def portal_items(request: HttpRequest, nouns: Nouns = OURS) -> list[Item]:
    """The portal's menu."""
    return _marked(request, _items(request, PORTAL, nouns))


def console_items(request: HttpRequest) -> list[Item]:
    """The operators' menu."""
    return _marked(request, _items(request, CONSOLE, OURS))


def _items(request: HttpRequest, entries: Iterable[Entry], nouns: Nouns) -> list[Item]:
    found = []
    for entry in entries:
        url = _url(request, entry)
        if url:
            count = _count(request, entry.counter)
            label = nouns.sentence(entry.label)
            found.append(Item(label, url, entry.icon, count, entry.urgent))
    return found


def _url(request: HttpRequest, entry: Entry) -> str:
    if entry.permission and not request.user.has_perm(entry.permission):
        return ""
    try:
        return reverse(entry.url_name, urlconf=getattr(request, "urlconf", None))
    except NoReverseMatch:
        return ""


def _count(request: HttpRequest, name: str) -> int:
    counter = _counters.get(name)
    return counter(request) if counter else 0


def _current_url(path: str, items: Iterable[Item]) -> str:
    """The longest address that the path lies under; the start page only for itself."""
    matches = [
        item.url
        for item in items
        if path == item.url or (item.url != "/" and path.startswith(item.url))
    ]
    return max(matches, key=len, default="")


def _marked(request: HttpRequest, items: list[Item]) -> list[Item]:
    current = _current_url(request.path, items)
    return [replace(item, active=item.url == current) for item in items]


def _marked_groups(
    request: HttpRequest, groups: list[tuple[str, list[Item]]]
) -> list[tuple[str, list[Item]]]:
    current = _current_url(request.path, (item for _, items in groups for item in items))
    return [
        (label, [replace(item, active=item.url == current) for item in items])
        for label, items in groups
    ]
