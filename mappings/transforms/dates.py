"""Steps on days and moments. Formats and zones are always said; nothing is guessed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from mappings.transforms.base import Param, Step, Transform, TransformError, plain, text_of

FORMATS = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "DD.MM.YYYY": "%d.%m.%Y",
    "YYYYMMDD": "%Y%m%d",
}


def zone(name: object) -> ZoneInfo:
    """Return a time zone by its name. Raises TransformError for any other text."""
    if str(name) not in available_timezones():
        raise TransformError(f"{str(name)[:40]!r} is no time zone; use one such as Europe/London")
    return ZoneInfo(str(name))


def moment(value: object) -> datetime:
    """Return an ISO 8601 moment with its offset. Raises TransformError."""
    try:
        found = datetime.fromisoformat(text_of(value))
    except ValueError as error:
        raise TransformError("needs a moment such as 2026-10-31T17:00:00+01:00") from error
    if found.tzinfo is None:
        raise TransformError("has no offset; read it with its zone first")
    return found


def day(value: object) -> date:
    """Return an ISO day. Raises TransformError."""
    text = text_of(value)
    try:
        return date.fromisoformat(text) if len(text) == 10 else moment(text).date()
    except ValueError as error:
        raise TransformError("needs a day such as 2026-10-31") from error


def _parse_day(params: Mapping[str, object]) -> Step:
    form = FORMATS[str(params["format"])]

    def step(value: object) -> object:
        try:
            return datetime.strptime(text_of(value).strip(), form).date().isoformat()  # noqa: DTZ007  a day has no zone
        except ValueError as error:
            raise TransformError(f"is no day in the form {params['format']}") from error

    return step


def _format_day(params: Mapping[str, object]) -> Step:
    form = FORMATS[str(params["format"])]
    return lambda value: day(value).strftime(form)


def _local(params: Mapping[str, object]) -> Step:
    """Read a moment without offset as local time of a zone."""
    where, policy = zone(params["zone"]), str(params["unclear"])

    def step(value: object) -> object:
        try:
            naive = datetime.fromisoformat(text_of(value).replace("Z", "+00:00"))
        except ValueError as error:
            raise TransformError("needs a moment such as 2026-10-31T17:00:00") from error
        if naive.tzinfo is not None:
            return naive.isoformat()
        early, late = naive.replace(tzinfo=where, fold=0), naive.replace(tzinfo=where, fold=1)
        if early.utcoffset() != late.utcoffset() and policy == "refuse":
            raise TransformError("is in the hour that the clock change repeats or leaves out")
        return (late if policy == "later" else early).isoformat()

    return step


def _day_in(params: Mapping[str, object]) -> Step:
    where = zone(params["zone"])
    return lambda value: moment(value).astimezone(where).date().isoformat()


def _add_days(params: Mapping[str, object]) -> Step:
    count = int(str(params["days"]))
    if abs(count) > 36_600:
        raise TransformError("adds at most 36,600 days")
    return lambda value: (day(value) + timedelta(days=count)).isoformat()


def _epoch(value: object) -> object:
    text = text_of(value)
    if not text.isdecimal() or len(text) > 11:
        raise TransformError("needs seconds since 1970")
    return datetime.fromtimestamp(int(text), UTC).isoformat()


_FORMAT = Param("format", "choice", choices=tuple(FORMATS))
_ZONE = Param("zone", "zone", help="Such as Europe/London")

TRANSFORMS = (
    Transform("parse_date", "Read a day", "date", _parse_day, (_FORMAT,)),
    Transform("format_date", "Write a day", "date", _format_day, (_FORMAT,)),
    Transform("to_date", "The day of a moment", "date", plain(lambda v: day(v).isoformat())),
    Transform("date_in_zone", "The day in a zone", "date", _day_in, (_ZONE,)),
    Transform(
        "local_time",
        "Local time of a zone",
        "date",
        _local,
        (
            _ZONE,
            Param(
                "unclear",
                "choice",
                required=False,
                default="refuse",
                choices=("refuse", "earlier", "later"),
            ),
        ),
    ),
    Transform("to_utc", "In UTC", "date", plain(lambda v: moment(v).astimezone(UTC).isoformat())),
    Transform("month", "Year and month", "date", plain(lambda v: day(v).isoformat()[:7])),
    Transform(
        "month_start",
        "First of the month",
        "date",
        plain(lambda v: day(v).replace(day=1).isoformat()),
    ),
    Transform("add_days", "Add days", "date", _add_days, (Param("days", "integer"),)),
    Transform("epoch_seconds", "Seconds since 1970", "date", plain(_epoch)),
)
