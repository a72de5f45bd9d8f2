"""What the pages of change control share."""

from django.http import HttpRequest
from django.urls import reverse

from governance.requests import actor_of

_SECTIONS = (
    ("change_list", "Requests"),
    ("policy_list", "Approval rules"),
    ("window_calendar", "Calendar"),
)


def sections(request: HttpRequest, current: str) -> list[dict[str, object]]:
    """Return the tabs over the pages of change control."""
    if actor_of(request).client_id is not None:
        return []
    return [
        {"label": label, "url": reverse(name), "active": name == current}
        for name, label in _SECTIONS
    ]
