"""Addresses that both doors have, made with the door's own guard."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path
from django.views.decorators.http import require_POST, require_safe

from syncjobs.pages import (
    endpoints,
    engagements,
    exceptions,
    holds,
    records,
    run_export,
    runs,
    search,
    selected,
    workflows,
)
from syncjobs.services.endpoints import PERMISSION

Guard = Callable[[str | None], Callable[[Any], Any]]


def reading(guard: Guard, permission: str | None) -> Callable[[Any], Any]:
    """Return the guard of pages that only show something: GET and HEAD."""
    return lambda view: guard(permission)(require_safe(view))


def found(guard: Guard) -> list[URLPattern]:
    """Return the search over everything; each kind that it finds asks for its own permission."""
    anybody = reading(guard, None)
    return [
        path("search/", anybody(search.search_page), name="search"),
        path("search/suggest/", anybody(search.search_suggest), name="search_suggest"),
    ]


def _records(guard: Guard) -> list[URLPattern]:
    """Return the pages on records and what was delivered of them."""
    work, read = guard("exceptions.work"), reading(guard, "records.view")
    return [
        path("records/", read(records.record_list), name="record_list"),
        path("records/<int:pk>/", read(records.record_detail), name="record_detail"),
        path(
            "records/<int:pk>/correct/",
            work(require_POST(records.record_correct)),
            name="record_correct",
        ),
        path("records/deliveries/<int:pk>/", read(records.delivery_detail), name="delivery_detail"),
        *(
            path(
                f"records/deliveries/<int:pk>/{action}/",
                work(require_POST(records.delivery_action)),
                {"action": action},
                name=f"delivery_{action}",
            )
            for action in records.ACTIONS
        ),
        path(
            "records/deliveries/<int:pk>/make-again/",
            work(require_POST(records.delivery_make_again)),
            name="delivery_make_again",
        ),
    ]


def _engagements(guard: Guard) -> list[URLPattern]:
    see = reading(guard, "records.view")
    return [
        path("engagements/", see(engagements.engagement_list), name="engagement_list"),
        path("engagements/export/", see(engagements.engagement_export), name="engagement_export"),
        path("engagements/<int:pk>/", see(engagements.engagement_detail), name="engagement_detail"),
    ]


def _endpoints(guard: Guard) -> list[URLPattern]:
    """Return the pages on outgoing webhooks, named after their views."""
    manage = guard(PERMISSION)
    one = "webhooks/<int:pk>/"
    pages: list[tuple[str, Callable[..., Any]]] = [
        ("webhooks/", endpoints.endpoint_list),
        ("webhooks/new/", endpoints.endpoint_add),
        (one, endpoints.endpoint_detail),
        (f"{one}change/", endpoints.endpoint_edit),
        (f"{one}secret/", endpoints.endpoint_secret),
        (f"{one}test/", endpoints.endpoint_test),
        (f"{one}switch/", endpoints.endpoint_switch),
        (f"{one}again/", endpoints.endpoint_again),
        (f"{one}remove/", endpoints.endpoint_remove),
        ("webhooks/messages/<int:pk>/", endpoints.message_detail),
        ("webhooks/messages/<int:pk>/again/", endpoints.message_again),
    ]
    return [path(address, manage(view), name=view.__name__) for address, view in pages]


def _exceptions(guard: Guard) -> list[URLPattern]:
    """Return the pages on exceptions, one or several at once, and on what is held."""
    work, see = guard("exceptions.work"), reading(guard, "exceptions.view")
    return [
        path("exceptions/", see(exceptions.exception_list), name="exception_list"),
        path("exceptions/<int:pk>/", see(exceptions.exception_detail), name="exception_detail"),
        *(
            path(
                f"exceptions/<int:pk>/{action}/",
                work(require_POST(exceptions.exception_action)),
                {"action": action},
                name=f"exception_{action}",
            )
            for action in exceptions.ACTIONS
        ),
        path(
            "exceptions/selected/",
            reading(guard, "exceptions.work")(selected.exceptions_selected),
            name="exceptions_selected",
        ),
        *(
            path(
                f"exceptions/selected/{action}/",
                work(require_POST(selected.exceptions_selected_action)),
                {"action": action},
                name=f"exceptions_selected_{action}",
            )
            for action in selected.ACTIONS
        ),
        path("exceptions/on-hold/", see(holds.hold_list), name="hold_list"),
        path(
            "exceptions/on-hold/<int:pk>/release/",
            work(require_POST(holds.hold_release)),
            name="hold_release",
        ),
    ]


def _workflows(guard: Guard) -> list[URLPattern]:
    """Return the pages on workflows; what is done with them comes by POST."""
    operate, look = guard("workflows.operate"), reading(guard, "workflows.view")
    return [
        path("workflows/", look(workflows.workflow_list), name="workflow_list"),
        path("workflows/<int:pk>/", look(workflows.workflow_detail), name="workflow_detail"),
        *(
            path(
                f"workflows/<int:pk>/{action}/",
                operate(require_POST(workflows.workflow_action)),
                {"action": action},
                name=f"workflow_{action}",
            )
            for action in workflows.ACTIONS
        ),
    ]


def _runs(guard: Guard) -> list[URLPattern]:
    """Return the pages on runs."""
    operate, look = guard("workflows.operate"), reading(guard, "workflows.view")
    return [
        path("workflows/runs/", look(runs.run_list), name="run_list"),
        path("workflows/runs/<int:pk>/", look(runs.run_detail), name="run_detail"),
        path("workflows/runs/<int:pk>/export/", look(run_export.run_export), name="run_export"),
        path(
            "workflows/runs/<int:pk>/cancel/",
            operate(require_POST(runs.run_cancel)),
            name="run_cancel",
        ),
    ]


def shared(guard: Guard) -> list[URLPattern]:
    """Return all pages that the admin and the portal have in common."""
    return [
        *found(guard),
        *_exceptions(guard),
        *_runs(guard),
        *_engagements(guard),
        *_records(guard),
        *_endpoints(guard),
        *_workflows(guard),
    ]
