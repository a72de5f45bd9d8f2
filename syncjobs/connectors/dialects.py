"""How a family of systems spells conditions in a query, and values in JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from syncjobs.connectors.errors import ConnectorError
from syncjobs.connectors.outcomes import Effect

EQUALS: Final = "="
SINCE: Final = ">="
AFTER: Final = "after"  # value: (moment or None, id), in the order of change, then id
AMONG: Final = "in"

Params = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on the rows of a list; all of them must hold."""

    field: str
    operator: str
    value: object


class Dialect(Protocol):
    """Turns conditions into query parameters, and values from the wire into plain data.

    Plain data: str, int, bool, None, Decimal, list and dict; dates and times as ISO text.
    `numbers`: decimals are written as JSON numbers, else as text. `joins`: it can ask for
    rows whose field is AMONG several values.
    """

    numbers: bool
    joins: bool

    def query(
        self, conditions: Sequence[Condition], *, fields: Sequence[str], order: Sequence[str]
    ) -> Params:
        """Query parameters for these conditions, fields and order."""

    def from_wire(self, value: object) -> object:
        """Plain data for a decoded JSON value."""

    def refined(self, error: ConnectorError, body: bytes, effect: Effect) -> ConnectorError:
        """Return a better error where the system's own habits say more than the status."""


def moment_text(moment: datetime) -> str:
    """A moment as most systems take it: UTC, microseconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(value: object) -> datetime | None:
    """Return a moment from ISO text (UTC when it names no zone); None when it is none.

    More than six decimals are cut, never rounded up: a cut moment only reads more.
    """
    if not isinstance(value, str) or len(value) < 10:
        return None
    head, dot, tail = value.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        value = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class PlainDialect:
    """Each condition is a query parameter of its own; the order is the system's."""

    numbers = False
    joins = False

    def query(
        self, conditions: Sequence[Condition], *, fields: Sequence[str], order: Sequence[str]
    ) -> Params:
        return [(condition.field, _plain(condition.value)) for condition in conditions]

    def from_wire(self, value: object) -> object:
        return value

    def refined(self, error: ConnectorError, body: bytes, effect: Effect) -> ConnectorError:
        return error


def _plain(value: object) -> str:
    return moment_text(value) if isinstance(value, datetime) else str(value)


class ODataDialect(PlainDialect):
    """One `$filter` that joins the conditions with `and`; texts in single quotes."""

    _OPERATORS: Final[Mapping[str, str]] = {EQUALS: "eq", SINCE: "ge"}

    def query(
        self, conditions: Sequence[Condition], *, fields: Sequence[str], order: Sequence[str]
    ) -> Params:
        if not conditions:
            return []
        terms = [
            f"{entry.field} {self._OPERATORS[entry.operator]} {_odata(entry.value)}"
            for entry in conditions
        ]
        return [("$filter", " and ".join(terms))]


def _odata(value: object) -> str:
    if isinstance(value, datetime):
        return moment_text(value)
    return "'" + str(value).replace("'", "''") + "'"
