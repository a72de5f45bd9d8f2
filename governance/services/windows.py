"""Release and freeze windows: whether a request may go in now, and when it may next."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.utils import timezone

from governance.entities import key_of_entity
from governance.errors import Frozen, OutsideWindow
from governance.models import ChangeRequest, Window
from governance.requirements import Requirement
from governance.windows import Stretch, next_release, open_stretch, usual_moments


def windows_of(request: ChangeRequest) -> list[Window]:
    """Return the active windows that hold for a client's changes, or for the partner's own. One
    for a legal entity holds for every change of its client that does not leave that entity out."""
    mine = models.Q(client_id__isnull=True) | models.Q(client_id=request.client_id)
    concerned = {key_of_entity(one) for one in request.entities}
    return [
        one
        for one in Window.objects.filter(mine, active=True)
        if not one.entity or not concerned or key_of_entity(one.entity) in concerned
    ]


def stretch_of(window: Window) -> Stretch:
    """Return a stored window as the pure rules want it."""
    return Stretch(
        window.name,
        window.time_zone,
        window.starts_at,
        window.ends_at,
        window.first_day,
        window.last_day,
        tuple(window.weekdays),
        window.from_time,
        window.to_time,
    )


def refuse_closed(request: ChangeRequest, requirement: Requirement) -> None:
    """Raise Frozen or OutsideWindow, saying until when, unless the request may go in now."""
    now = timezone.now()
    windows = windows_of(request)
    freeze = open_stretch(_stretches(windows, Window.Mode.FREEZE), now)
    if freeze is not None:
        raise Frozen(f"Nothing goes in before the freeze “{freeze.name}” is over.")
    releases = _stretches(windows, Window.Mode.RELEASE)
    if requirement.in_window and releases and open_stretch(releases, now) is None:
        raise OutsideWindow("It goes in during a release window only, and none is open now.")
    if request.scheduled_for is not None and request.scheduled_for > now:
        raise OutsideWindow("It is scheduled for later.")


def next_opening(
    request: ChangeRequest, requirement: Requirement, after: datetime
) -> datetime | None:
    """Return the first moment from `after` on at which the request may go in, None when there
    is none within a good year."""
    windows = windows_of(request)
    releases = _stretches(windows, Window.Mode.RELEASE) if requirement.in_window else []
    freezes = _stretches(windows, Window.Mode.FREEZE)
    return next_release(after, freezes=freezes, releases=releases or None)


def usual_openings(
    request: ChangeRequest, requirement: Requirement, now: datetime
) -> list[datetime]:
    """Return the usual moments (see `governance.windows`), each as soon after it as the request
    may go in. `now` is in the zone of whoever chooses."""
    found = (next_opening(request, requirement, one) for one in usual_moments(now))
    return sorted({one for one in found if one is not None})


def _stretches(windows: Iterable[Window], mode: str) -> list[Stretch]:
    return [stretch_of(one) for one in windows if one.mode == mode]
