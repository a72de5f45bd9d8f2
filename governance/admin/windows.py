"""The calendar of release and freeze windows, and proposing one."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from governance.admin.frame import sections
from governance.clients import client_names, known_clients
from governance.doors import guarded_page
from governance.errors import Refusal
from governance.models import ChangeRequest, Window
from governance.reasons import ReasonForm
from governance.requests import actor_of
from governance.services.calendar import calendar_month
from governance.services.requests import visible_requests
from governance.services.window_changes import (
    WindowValues,
    phrases,
    propose_window,
    values_of,
)

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Any step: a moment with seconds is a moment too.
_MOMENT = forms.DateTimeInput(
    attrs={"type": "datetime-local", "step": "any"}, format="%Y-%m-%dT%H:%M"
)
_HOUR = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


_BOUNDS = (
    ("Once", "For a single occasion, such as a year end.", ("starts_at", "ends_at")),
    ("Every month", "Both days included. 28 to 2 is a month end.", ("first_day", "last_day")),
    ("Every week", "", ("weekdays",)),
    (
        "Every day",
        "When it ends earlier than it begins, it ends on the next day.",
        ("from_time", "to_time"),
    ),
)


class WindowForm(ReasonForm):
    """When changes may go in, or may not. Whatever is filled in must hold."""

    name = forms.CharField(max_length=120)
    mode = forms.ChoiceField(
        choices=[("freeze", "Freeze: nothing goes in"), ("release", "Release: changes may go in")],
        label="Kind",
    )
    client_id = forms.TypedChoiceField(
        required=False, label="Holds for", coerce=int, empty_value=None
    )
    entity = forms.CharField(
        required=False, max_length=120, label="Legal entity", help_text="Empty: all of them."
    )
    time_zone = forms.ChoiceField(label="Time zone")
    starts_at = forms.DateTimeField(required=False, label="From", widget=_MOMENT)
    ends_at = forms.DateTimeField(required=False, label="Until", widget=_MOMENT)
    first_day = forms.IntegerField(required=False, min_value=1, max_value=31, label="First day")
    last_day = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=31,
        label="Last day",
    )
    weekdays = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        choices=list(enumerate(_DAYS)),
        label="On",
        widget=forms.CheckboxSelectMultiple,
    )
    from_time = forms.TimeField(required=False, label="From hour", widget=_HOUR)
    to_time = forms.TimeField(
        required=False,
        label="To hour",
        widget=_HOUR,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clients = [(str(pk), name) for pk, name in known_clients().items()]
        self.fields["client_id"].choices = [("", "Everybody"), *clients]  # type: ignore[attr-defined]  # a choice
        zones = [(one, one) for one in sorted(available_timezones())]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]  # a choice

    @property
    def bounds(self) -> list[tuple[str, str, list[forms.BoundField]]]:
        """Return the fields that say when, in groups: title, help, fields."""
        return [(title, help_, [self[name] for name in names]) for title, help_, names in _BOUNDS]

    def values(self) -> WindowValues:
        """Return what was filled in; moments are meant in the window's own zone."""
        data = self.cleaned_data
        zone = ZoneInfo(data["time_zone"])
        return WindowValues(
            name=data["name"],
            mode=data["mode"],
            time_zone=data["time_zone"],
            client_id=data["client_id"],
            entity=data["entity"].strip(),
            starts_at=_written(data["starts_at"], zone),
            ends_at=_written(data["ends_at"], zone),
            first_day=data["first_day"],
            last_day=data["last_day"],
            weekdays=tuple(sorted(data["weekdays"])),
            from_time=f"{data['from_time']:%H:%M}" if data["from_time"] else None,
            to_time=f"{data['to_time']:%H:%M}" if data["to_time"] else None,
        )


def _written(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """The form read it in the viewer's zone; the digits are what was meant."""
    return timezone.make_naive(moment).replace(tzinfo=zone).isoformat() if moment else None


@guarded_page("changes.view")
@require_GET
def window_calendar(request: HttpRequest) -> HttpResponseBase:
    """Show a month with its windows and what is scheduled, and the windows as a list."""
    actor = actor_of(request)
    windows = list(Window.objects.filter(active=True))
    names = client_names(one.client_id for one in windows)
    scheduled = visible_requests(actor).filter(status="scheduled").order_by("scheduled_for")
    context = {
        "month": calendar_month(request.GET.get("month", ""), windows, list(scheduled)),
        "rows": [
            {
                "window": one,
                "phrases": phrases(values_of(one))[1:],
                "client": names.get(one.client_id or 0, ""),
            }
            for one in windows
        ],
        "empty": not windows,
        "scheduled": scheduled,
        "tabs": sections(request, "window_calendar"),
        "may_propose": actor.can("changes.propose", None),
    }
    return render(request, "governance/window_calendar.html", context)


@guarded_page("changes.propose")
@require_http_methods(["GET", "POST"])
def window_add(request: HttpRequest) -> HttpResponseBase:
    """Propose a new window."""
    return _window_page(request, None)


@guarded_page("changes.propose")
@require_http_methods(["GET", "POST"])
def window_edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Propose another shape of a window or, with `remove`, that it goes."""
    return _window_page(request, get_object_or_404(Window, pk=pk, active=True))


def _window_page(request: HttpRequest, window: Window | None) -> HttpResponseBase:
    form = WindowForm(request.POST or None, initial=_initial(window))
    removes = window is not None and "remove" in request.POST
    if request.method == "POST" and (form.is_valid() or (removes and "reason" not in form.errors)):
        try:
            asked = _proposed(request, form, window, removes=removes)
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Proposed. Until it is signed, the calendar stays as it is.")
            return redirect("change_detail", asked.pk)
    return render(request, "governance/window_edit.html", {"form": form, "window": window})


def _proposed(
    request: HttpRequest, form: WindowForm, window: Window | None, *, removes: bool
) -> ChangeRequest:
    data = form.cleaned_data
    return propose_window(
        actor_of(request),
        window,
        None if removes else form.values(),
        reason=data["reason"],
        ticket=data.get("ticket", ""),
    )


def _initial(window: Window | None) -> dict[str, object]:
    if window is None:
        return {"time_zone": timezone.get_current_timezone_name(), "mode": "freeze"}
    zone = ZoneInfo(window.time_zone)
    moments = {
        name: value.astimezone(zone).replace(tzinfo=None)
        for name in ("starts_at", "ends_at")
        if (value := getattr(window, name)) is not None
    }
    return {**values_of(window), **moments}
