"""Steps on days and moments. Formats and zones are always said; nothing is guessed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from mappings.transforms.base import Param, Step, Transform, TransformError, plain, text_of

FORMATS: Final = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD-MM-YYYY": "%d-%m-%Y",
    "YYYY/MM/DD": "%Y/%m/%d",
    "YYYYMMDD": "%Y%m%d",
}
_SWAPPED: Final = {"DD/MM/YYYY", "MM/DD/YYYY"}
_MAX_TEXT: Final = 40


def _ascii(value: object) -> str:
    text = text_of(value).strip()
    if not text.isascii() or len(text) > _MAX_TEXT:
        raise TransformError("the text is too long, or has characters that are not digits")
    return text


def moment(value: object) -> datetime:
    """Return an ISO 8601 moment with its offset. Raises TransformError."""
    try:
        found = datetime.fromisoformat(_ascii(value))
    except ValueError as error:
        raise TransformError("needs a moment such as 2026-10-31T17:00:00+01:00") from error
    if found.tzinfo is None:
        raise TransformError("the moment has no offset; read it with its zone first")
    return found


def day(value: object) -> date:
    """Return an ISO day, or the day of an ISO moment as it is written. Raises TransformError."""
    text = _ascii(value)
    try:
        return date.fromisoformat(text) if len(text) == 10 else moment(text).date()
    except ValueError as error:
        raise TransformError("needs a day such as 2026-10-31") from error


def _parse_day(params: Mapping[str, object]) -> Step:
    """Read days in one form, or in one of two that no text can have both."""
    forms = [str(params["format"]), *filter(None, [params["or_format"]])]
    if set(forms) == _SWAPPED:
        raise TransformError("nobody can tell these two forms apart; take one of them")
    said = " or ".join(map(str, forms))
    hint = "" if len(forms) > 1 else "; where days come in two forms, set the other one too"

    def step(value: object) -> object:
        text = _ascii(value)
        for form in forms:
            try:
                return datetime.strptime(text, FORMATS[str(form)]).date().isoformat()  # noqa: DTZ007  a day has no zone
            except ValueError:
                continue
        raise TransformError(f"is not a day in the form {said}{hint}")

    return step


def _format_day(params: Mapping[str, object]) -> Step:
    # %Y does not fill up years before 1000, so the year is written by hand.
    form = FORMATS[str(params["format"])]

    def step(value: object) -> object:
        found = day(value)
        return found.strftime(form.replace("%Y", f"{found.year:04d}"))

    return step


def _local(params: Mapping[str, object]) -> Step:
    """Read a moment without offset as local time of a zone."""
    where, policy = ZoneInfo(str(params["zone"])), str(params["unclear"])

    def step(value: object) -> object:
        try:
            naive = datetime.fromisoformat(_ascii(value))
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
    where = ZoneInfo(str(params["zone"]))
    return lambda value: moment(value).astimezone(where).date().isoformat()


def _add_days(params: Mapping[str, object]) -> Step:
    count = int(str(params["days"]))
    if abs(count) > 36_600:
        raise TransformError("'days' must be at most 36,600")
    return lambda value: (day(value) + timedelta(days=count)).isoformat()


def _month_end(value: object) -> object:
    first = day(value).replace(day=1)
    return ((first + timedelta(days=32)).replace(day=1) - timedelta(days=1)).isoformat()


def _epoch(unit: int) -> Step:
    def step(value: object) -> object:
        text = _ascii(value)
        if not text.isdecimal() or len(text) > 14:
            raise TransformError("needs a number counted since 1970")
        seconds, rest = divmod(int(text), unit)
        found = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
        return (found + timedelta(microseconds=rest * 1_000_000 // unit)).isoformat()

    return step


_FORMAT = Param("format", "choice", choices=tuple(FORMATS))
_OR_FORMAT = Param(
    "or_format",
    "choice",
    required=False,
    default="",
    choices=("", *FORMATS),
    help="Where both come",
)
_ZONE = Param("zone", "zone", help="Such as Europe/London")
_UNCLEAR = Param(
    "unclear",
    "choice",
    required=False,
    default="refuse",
    choices=("refuse", "earlier", "later"),
    help="In the hour that the clock change repeats or leaves out",
)

TRANSFORMS = (
    Transform("parse_date", "Read a day", "date", _parse_day, (_FORMAT, _OR_FORMAT)),
    Transform("format_date", "Write a day", "date", _format_day, (_FORMAT,)),
    Transform("to_date", "The day of a moment", "date", plain(lambda v: day(v).isoformat())),
    Transform("date_in_zone", "The day in a zone", "date", _day_in, (_ZONE,)),
    Transform("local_time", "Local time of a zone", "date", _local, (_ZONE, _UNCLEAR)),
    Transform("to_utc", "In UTC", "date", plain(lambda v: moment(v).astimezone(UTC).isoformat())),
    Transform("month", "Year and month", "date", plain(lambda v: day(v).isoformat()[:7])),
    Transform(
        "month_start",
        "First of the month",
        "date",
        plain(lambda v: day(v).replace(day=1).isoformat()),
    ),
    Transform("month_end", "Last of the month", "date", plain(_month_end)),
    Transform("add_days", "Add days", "date", _add_days, (Param("days", "integer"),)),
    Transform("epoch_seconds", "Seconds since 1970", "date", plain(_epoch(1))),
    Transform("epoch_milliseconds", "Milliseconds since 1970", "date", plain(_epoch(1000))),
)
