"""Conditions as Tryton domains, and what its error pages really say."""

import html
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from syncjobs.connectors.dialects import AFTER, Condition, Params
from syncjobs.connectors.errors import Conflict, ConnectorError, Permanent, Rejected, Transient
from syncjobs.connectors.outcomes import Effect
from syncjobs.connectors.tryton import wire

_PAGE = re.compile(rb"<title>(\d{3}) [^<]*</title>\s*<h1>[^<]*</h1>\s*<p>(.*?)</p>", re.S)
# A model, a field or a button that the server does not know shows as a bare quoted name.
_UNKNOWN_NAME = re.compile(r"'[\w.\-]+'|.*has no attribute.*|.*object is not .*", re.S)
_LOCKED: Final = 423


class TrytonDialect:
    """`d`, `o` and `f` in the query; see `wire` for values."""

    numbers = True
    joins = True

    def query(
        self, conditions: Sequence[Condition], *, fields: Sequence[str], order: Sequence[str]
    ) -> Params:
        params: Params = []
        if conditions:
            params.append(("d", wire.query_value([_term(entry) for entry in conditions])))
        if order:
            params.append(("o", wire.query_value([[name, "ASC"] for name in (*order, "id")])))
        return [*params, *(("f", name) for name in fields)]

    def from_wire(self, value: object) -> object:
        plain: object = wire.from_wire(value)
        return plain

    def refined(self, error: ConnectorError, body: bytes, effect: Effect) -> ConnectorError:
        """Tryton undoes everything when it answers with an error of its own.

        So nothing is left open, whatever the status; only a proxy's page leaves it open.
        """
        page = _PAGE.search(body[:4096])
        words = html.unescape(page[2].decode(errors="replace")).strip() if page else ""
        if error.status == 400 and "must be unique" in error.message:
            return _as(Conflict, error, error.message)
        if error.status == 409:
            return _as(Rejected, error, words or error.message)
        if error.status == _LOCKED:
            return _as(Transient, error, "The record is being changed by somebody else.")
        if error.status < 500 or page is None or int(page[1]) != error.status:
            return error
        if error.status == 500 and _UNKNOWN_NAME.fullmatch(words):
            text = f"Tryton does not know {words}: a module that this needs is not installed there."
            return _as(Permanent, error, text)
        return _as(Transient, error, f"Tryton failed: {words}" if words else error.message)


def _as(kind: type[ConnectorError], error: ConnectorError, message: str) -> ConnectorError:
    return kind(message, status=error.status, detail=error.detail, retry_after=error.retry_after)


def _term(entry: Condition) -> object:
    if entry.operator != AFTER or not isinstance(entry.value, tuple):
        return [entry.field, entry.operator, _value(entry.value)]
    moment, record_id = entry.value
    if moment is None:
        return ["id", ">", record_id]
    at = _value(moment)
    later: list[object] = [[entry.field, ">", at]]
    tied: list[object] = [[entry.field, "=", at], ["id", ">", record_id]]
    return ["OR", later, tied]


def _value(value: object) -> object:
    return wire.moment_to_wire(value) if isinstance(value, datetime) else value
