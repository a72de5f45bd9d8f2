"""Keys that lead to the main lists of the staff's site: `g`, then a letter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from tenants.nouns import in_words


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One key and where it leads."""

    key: str
    label: str
    url: str


# key, label, page, permission
KEYS: Final = (
    ("o", "Overview", "overview", ""),
    ("c", "Clients", "client_list", "clients.view"),
    ("j", "Engagements", "engagement_list", "records.view"),
    ("e", "Exceptions", "exception_list", "exceptions.view"),
    ("h", "On hold", "hold_list", "exceptions.view"),
    ("w", "Workflows", "workflow_list", "workflows.view"),
    ("r", "Runs", "run_list", "workflows.view"),
    ("d", "Records", "record_list", "records.view"),
    ("n", "Connections", "connection_list", "connections.view"),
    ("m", "Mappings", "mapping_list", "mappings.view"),
    ("q", "Change requests", "change_list", "changes.view"),
    ("t", "Tiers", "tier_list", "prices.view"),
    ("u", "Usage", "usage_overview", "usage.view"),
    ("s", "Statements", "statement_list", "statements.view"),
    ("p", "People", "person_list", "users.manage"),
    ("a", "Audit", "audit_list", "audit.view"),
)


def shortcuts_for(request: HttpRequest) -> list[Shortcut]:
    """Return the keys whose pages exist and are open to this person."""
    found = []
    for key, label, page, permission in KEYS:
        if permission and not request.user.has_perm(permission):
            continue
        try:
            found.append(Shortcut(key, in_words(label), reverse(page)))
        except NoReverseMatch:
            continue
    return found
