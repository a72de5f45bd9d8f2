"""What every page of mappings shares: the door's frame, and what its actor can see."""

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance import correlation
from governance.requests import actor_of
from mappings.canonical.registry import SCHEMAS
from mappings.catalogue import fields_for
from mappings.models import Mapping

FRAMES = {"admin": "staff/base.html", "portal": "portal/base.html"}
M = TypeVar("M", bound=Model)


def visible(request: HttpRequest, rows: QuerySet[M]) -> QuerySet[M]:
    """Return all rows for staff; for a client's person their own and the partner's."""
    actor = actor_of(request)
    if actor.client_id is None:
        return rows
    return rows.filter(Q(client_id=actor.client_id) | Q(client=None))


def page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render a page inside the frame of the door that it was asked at."""
    shared = {
        "base": FRAMES.get(correlation.current().door, FRAMES["admin"]),
        "staff": actor_of(request).client_id is None,
    }
    return render(request, f"mappings/{template}", shared | context, status=status)


def ways(mapping: Mapping) -> tuple[str, str]:
    """Return in words what a mapping reads and what it makes."""
    system = fields_for(mapping.connector, mapping.object).label
    theirs = f"{mapping.object} of {system}" if system else mapping.object
    source, target = mapping.source_type, mapping.object_type
    return (
        SCHEMAS[source].label if source in SCHEMAS else theirs,
        SCHEMAS[target].label if target in SCHEMAS else theirs,
    )
