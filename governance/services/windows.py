"""Release and freeze windows: whether a request may go in now, and when it may next."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils import timezone

from governance.appliers import applier_for
from governance.clients import client_names
from governance.entities import key_of_entity
from governance.errors import Frozen, OutsideWindow, UnknownKind
from governance.models import ChangeRequest, Window
from governance.requirements import Requirement
from governance.windows import Stretch, covers, next_release, open_stretch, usual_moments

_NAMED: Final = 3


def windows_of(request: ChangeRequest) -> list[Window]:
    """Return the active windows that hold for a request.

    For everybody, or for its client; one for a legal entity holds for every change of its client
    that does not leave that entity out. A change of the partner's own is held by the freezes of
    every client that it reaches as well, and by no client's release windows.
    """
    mine = models.Q(client_id__isnull=True)
    if request.client_id is not None:
        mine |= models.Q(client_id=request.client_id)
    else:
        theirs = models.Q(mode=Window.Mode.FREEZE)
        reached = reached_by(request)
        mine |= theirs if reached is None else theirs & models.Q(client_id__in=reached)
    concerned = {key_of_entity(one) for one in request.entities}
    return [
        one
        for one in Window.objects.filter(mine, active=True)
        if not one.entity or not concerned or key_of_entity(one.entity) in concerned
    ]


def reached_by(request: ChangeRequest) -> set[int] | None:
    """Return the clients that a change of the partner's own reaches, None for all of them: where
    nobody can say whom it reaches, it counts as reaching everybody."""
    found: set[int] = set()
    for change in request.changes.all():
        try:
            reaches = applier_for(change.kind).reaches
            if reaches is None:
                return None
            found |= set(reaches(change))
        except (UnknownKind, ObjectDoesNotExist):
            return None
    return found


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
    if holding := _holding(request, windows, now):
        raise Frozen(f"Nothing goes in before {holding}.")
    releases = _stretches(windows, Window.Mode.RELEASE)
    if requirement.in_window and releases and open_stretch(releases, now) is None:
        raise OutsideWindow("It goes in during a release window only, and none is open now.")
    if request.scheduled_for is not None and request.scheduled_for > now:
        raise OutsideWindow("It is scheduled for later.")


def freezes_holding(request: ChangeRequest) -> str:
    """Say which freezes hold a request now, and whose they are; "" when none does."""
    return _holding(request, windows_of(request), timezone.now())


def _holding(request: ChangeRequest, windows: Iterable[Window], now: datetime) -> str:
    freezes = [one for one in windows if one.mode == Window.Mode.FREEZE]
    holding = [one for one in freezes if covers(stretch_of(one), now)]
    if not holding:
        return ""
    # A client reads its own requests only, so it never reads another's name.
    names = client_names(one.client_id for one in holding) if request.client_id is None else {}
    said = [
        f"“{one.name}”" + (f" of {names[one.client_id]}" if one.client_id in names else "")
        for one in holding
    ]
    more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    listed = ", ".join(said[:_NAMED]) + more
    return f"the freeze {listed} is over" if len(said) == 1 else f"the freezes {listed} are over"


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
