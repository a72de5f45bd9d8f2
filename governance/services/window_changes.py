"""Release and freeze windows change as everything does that is governed: by a signed request."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from django.db import connection

from governance.actions import WINDOW_REMOVED, WINDOW_SET, worded
from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk, reaches_nobody
from governance.errors import InvalidProposal
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest, Window
from governance.permits import require_permit
from governance.services import audit
from governance.services.changes import ProposedChange, propose
from governance.services.windows import stretch_of

KIND: Final = "change_window"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class WindowValues:
    """A window as people write it: hours "HH:MM", moments ISO 8601 with their offset."""

    name: str
    mode: Literal["release", "freeze"]
    time_zone: str
    client_id: int | None = None
    entity: str = ""
    starts_at: str | None = None
    ends_at: str | None = None
    first_day: int | None = None
    last_day: int | None = None
    weekdays: tuple[int, ...] = ()
    from_time: str | None = None
    to_time: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return plain JSON."""
        return {**asdict(self), "weekdays": sorted(set(self.weekdays))}


def propose_window(
    actor: Actor,
    window: Window | None,
    values: WindowValues | None,
    *,
    reason: str,
    ticket: str = "",
) -> ChangeRequest:
    """Ask for a window to become this; window None for a new one, values None to remove it.

    Raises NotPermitted, InvalidProposal.
    """
    actor.require("changes.propose", None)
    content: dict[str, object] = {"removed": True}
    if values is not None:
        content = values.as_json()
        _checked(content)
    name = values.name if values else str(window)
    verb = "Remove" if values is None else ("Change" if window else "Add")
    mode = values.mode if values else (window.mode if window else "")
    return propose(
        actor,
        title=f"{verb} the {mode} window “{name}”"[:200],
        reason=reason,
        ticket=ticket,
        changes=[ProposedChange(KIND, str(window.pk if window else _next_id()), name, content)],
    )


def values_of(window: Window) -> dict[str, object]:
    """Return a stored window as plain JSON, in the shape of a proposal."""
    return {
        "name": window.name,
        "mode": window.mode,
        "time_zone": window.time_zone,
        "client_id": window.client_id,
        "entity": window.entity,
        "starts_at": window.starts_at.isoformat() if window.starts_at else None,
        "ends_at": window.ends_at.isoformat() if window.ends_at else None,
        "first_day": window.first_day,
        "last_day": window.last_day,
        "weekdays": sorted(window.weekdays),
        "from_time": f"{window.from_time:%H:%M}" if window.from_time else None,
        "to_time": f"{window.to_time:%H:%M}" if window.to_time else None,
    }


def phrases(values: Mapping[str, object]) -> list[str]:
    """Return a window in words, one bound each."""
    zone = str(values["time_zone"])
    found = ["No change goes in" if values["mode"] == "freeze" else "Changes may go in"]
    if values.get("entity"):
        found.append(f"for the legal entity {values['entity']}")
    for key, word in (("starts_at", "from"), ("ends_at", "until")):
        if values.get(key):
            local = datetime.fromisoformat(str(values[key])).astimezone(ZoneInfo(zone))
            found.append(f"{word} {local:%-d %B %Y, %H:%M}")
    if values.get("first_day"):
        found.append(f"from day {values['first_day']} to day {values['last_day']} of the month")
    days = values.get("weekdays")
    if isinstance(days, list) and days:
        found.append(f"on {', '.join(_DAYS[int(one)] for one in days)}")
    if values.get("from_time"):
        found.append(f"between {values['from_time']} and {values['to_time']}")
    return [*found, f"in the time of {zone}"]


def _next_id() -> int:
    """Reserve a key, so that a window that is only proposed has a name of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Window._meta.db_table])
        return int(cursor.fetchone()[0])


def _checked(content: Mapping[str, object]) -> Window:
    """Return an unsaved window. Raises InvalidProposal, saying what to write."""
    zone = str(content.get("time_zone", ""))
    if zone not in available_timezones():
        raise InvalidProposal("Choose a time zone, such as Europe/Amsterdam.")
    if content.get("mode") not in Window.Mode.values or not str(content.get("name", "")).strip():
        raise InvalidProposal("Give the window a name and say whether it releases or freezes.")
    try:
        made = Window(
            **{
                **content,
                "name": str(content["name"]).strip()[:120],
                "starts_at": _moment(content.get("starts_at")),
                "ends_at": _moment(content.get("ends_at")),
                "from_time": _hour(content.get("from_time")),
                "to_time": _hour(content.get("to_time")),
            }
        )
    except (ValueError, TypeError) as error:
        raise InvalidProposal("Write moments as 2026-12-31T18:00+01:00, hours as 18:00.") from error
    _refuse_nonsense(made)
    return made


def _refuse_nonsense(window: Window) -> None:
    window.entity = window.entity.strip()[:120]
    if window.entity and window.client_id is None:
        raise InvalidProposal(worded("Choose the client whose legal entity this is."))
    if (window.first_day is None) != (window.last_day is None):
        raise InvalidProposal("Give both days of the month, or neither.")
    for day in (window.first_day, window.last_day):
        if day is not None and not 1 <= int(day) <= 31:
            raise InvalidProposal("A day of the month is a number from 1 to 31.")
    if any(one not in range(7) for one in window.weekdays):
        raise InvalidProposal("Days of the week are 0 (Monday) to 6 (Sunday).")
    if (window.from_time is None) != (window.to_time is None):
        raise InvalidProposal("Give both hours, or neither.")
    if window.from_time is not None and window.from_time == window.to_time:
        raise InvalidProposal("The window ends in the minute in which it begins.")
    if window.starts_at and window.ends_at and window.ends_at <= window.starts_at:
        raise InvalidProposal("The window ends before it begins.")
    if not stretch_of(window).is_bounded:
        raise InvalidProposal("Say when: dates, days of the month or week, or hours.")


def _moment(value: object) -> datetime | None:
    if not value:
        return None
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise ValueError("without an offset")
    return found


def _hour(value: object) -> time | None:
    return time.fromisoformat(str(value)) if value else None


def _window(target_id: str) -> Window | None:
    return Window.objects.filter(pk=int(target_id), active=True).first()


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    before, removed = _snapshot(change.target_id), bool(change.content.get("removed"))
    if removed:
        Window.objects.filter(pk=int(change.target_id)).update(active=False)
    else:
        made = _checked(change.content)
        made.pk = int(change.target_id)
        made.save()
    after = {} if removed else dict(change.content)
    audit.record(
        WINDOW_REMOVED if removed else WINDOW_SET,
        object_kind="change_window",
        object_id=change.target_id,
        object_label=change.target_label,
        before=before,
        after=after,
    )
    return {"window": after}


def _diff(change: Change) -> list[DiffLine]:
    found = _window(change.target_id)
    before = phrases(values_of(found)) if found else []
    after = [] if change.content.get("removed") else phrases(change.content)
    gone = [DiffLine("-", one) for one in before if one not in after]
    return [*gone, *(DiffLine(" " if one in before else "+", one) for one in after)]


def _risk(change: Change) -> Risk:
    """Only a new freeze takes nothing away: all else may let something in that waits now."""
    if _window(change.target_id) is None and change.content.get("mode") == Window.Mode.FREEZE:
        return Risk()
    return Risk(notes=("Changes may go in at times at which they cannot today.",), weakens=True)


def _snapshot(target_id: str) -> dict[str, object]:
    found = _window(target_id)
    return {"window": values_of(found)} if found else {}


def _base(target_id: str) -> str:
    found = _snapshot(target_id)
    return json_hash(found) if found else ""


def _revert(change: Change) -> Mapping[str, object] | None:
    values = (change.before or {}).get("window")
    return values if isinstance(values, dict) else {"removed": True}


CHANGE_WINDOW: Final = Applier(
    kind=KIND,
    label="Release or freeze window",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    snapshot=_snapshot,
    revert=_revert,
    reaches=reaches_nobody,
)
