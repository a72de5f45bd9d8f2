"""The ways in which lists go on, each made so that rows that move are never lost.

Sources order by change, then id. What changes while it is being read moves to the end and
is read there once more.

token, link: the source's own place marker, which stands on a row and not on a count.
page: page numbers count rows, and a row that leaves shifts all behind it. So the read
advances by the last row's moment with page 1 again, and uses higher numbers only where one
moment fills a whole page; then the page before is read again afterwards, and if it is no
longer the same, that moment is read from its start.
range: the position is a condition on (moment, id), so nothing can shift.
"""

import email.utils
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from syncjobs.connectors.calls import Call, Caller, Reply
from syncjobs.connectors.codec import at, encode, text_at
from syncjobs.connectors.cursor import Batch
from syncjobs.connectors.descriptor import FromConfig, ObjectSpec, Paging, RestDescriptor
from syncjobs.connectors.dialects import AFTER, EQUALS, SINCE, Condition, moment_of, moment_text
from syncjobs.connectors.errors import Permanent, Transient

Place = Mapping[str, object]
RANGE_END: Final = 416
_CONTENT_RANGE = re.compile(r"[a-z]+ \d+-\d+/(\d+)")


class Lister:
    """Reads the rows of one object's list, one batch a call."""

    def __init__(self, caller: Caller, system: RestDescriptor, spec: ObjectSpec, size: int) -> None:
        self._caller, self._system, self._spec = caller, system, spec
        self._paging: Paging = spec.paging or system.paging
        self._size = max(1, min(size, self._paging.max_size))
        self._fetch = {
            "token": self._by_token,
            "link": self._by_link,
            "page": self._by_page,
            "range": self._by_range,
        }[self._paging.style]

    def fetch(self, since: datetime | None, place: Place | None) -> Batch:
        """Return the rows after `place`, or the first ones changed at or after `since`."""
        return self._fetch(since, place or {})

    def _conditions(self, since: datetime | None) -> list[Condition]:
        found = _fixed_conditions(self._caller, self._spec, reads=True)
        if since is not None and self._spec.changes:
            found.append(Condition(self._spec.changes.field, SINCE, since))
        return found

    def _params(self, conditions: Sequence[Condition]) -> list[tuple[str, str]]:
        spec = self._spec
        order = [spec.changes.field] if spec.changes else []
        asked = self._system.dialect.query(conditions, fields=spec.fields, order=order)
        return [*spec.params, *asked]

    def _sized(self, params: list[tuple[str, str]]) -> list[tuple[str, str]]:
        size = self._paging.size_param
        return [*params, (size, str(self._size))] if size else params

    def _rows(self, data: object) -> list[object]:
        return _rows_of(self._spec, data)

    def _by_token(self, since: datetime | None, place: Place) -> Batch:
        token = str(place.get("token") or "")
        params = self._params([] if token else self._conditions(since))
        if token:
            params.append((self._paging.token_param, token))
        reply = self._caller.send(
            Call(method="GET", path=self._spec.path, params=self._sized(params))
        )
        following = text_at(reply.data, self._paging.token_path)
        if following and following == token:
            raise Permanent(f"The list of {self._spec.label} never ends: its token stands still.")
        after = {"token": following} if following else None
        return Batch(self._rows(reply.data), after, moment=_answered_at(reply))

    def _by_link(self, since: datetime | None, place: Place) -> Batch:
        link = str(place.get("link") or "")
        if link:
            call = Call(method="GET", path=link)
        else:
            params = self._sized(self._params(self._conditions(since)))
            call = Call(method="GET", path=self._spec.path, params=params)
        reply = self._caller.send(call)
        following = text_at(reply.data, self._paging.link_path)
        if not following:
            return Batch(self._rows(reply.data), None, moment=_answered_at(reply))
        following = self._caller.below_root(following)
        if following == link:
            raise Permanent(f"The list of {self._spec.label} never ends: its link stands still.")
        return Batch(self._rows(reply.data), {"link": following}, moment=_answered_at(reply))

    def _by_range(self, since: datetime | None, place: Place) -> Batch:
        spec = self._spec
        conditions = self._conditions(since if not place else None)
        if place:
            moment = moment_of(place.get("moment"))
            position = (moment, place["id"])
            conditions.append(
                Condition(spec.changes.field if spec.changes else "", AFTER, position)
            )
        reply = self._caller.send(
            Call(
                method="GET",
                path=spec.path,
                params=self._params(conditions),
                headers={"Range": f"records=0-{self._size}"},
                accept=(RANGE_END,),
            )
        )
        if reply.status == RANGE_END:
            return Batch((), None)
        rows, moment = self._rows(reply.data), _answered_at(reply)
        if len(rows) < self._size:
            return Batch(rows, None, len(rows), moment)
        total = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", ""))
        following: dict[str, object] = {"id": at(rows[-1], spec.id)}
        if spec.changes:
            following["moment"] = _moment_text(self._moment(rows[-1]))
        return Batch(rows, following, int(total[1]) if total else None, moment)

    def _by_page(self, since: datetime | None, place: Place) -> Batch:
        since = moment_of(place.get("since")) or since
        number = int(str(place.get("page") or 1))
        reply = self._page(since, number)
        moment = _answered_at(reply)
        if (
            number > 1
            and _digest(self._rows(self._page(since, number - 1).data)) != place["before"]
        ):
            reply, number = self._page(since, 1), 1
        rows = self._rows(reply.data)
        total = at(reply.data, self._paging.total_path) if self._paging.total_path else None
        left = total if isinstance(total, int) else None
        edge = place.get("edge")
        given = frozenset(edge) if isinstance(edge, list) and number == 1 else frozenset()
        fresh = [row for row in rows if not given or _digest(row) not in given]
        following = self._next_page(since, number, rows) if len(rows) == self._size else None
        return Batch(fresh, following, left, moment)

    def _next_page(self, since: datetime | None, number: int, rows: list[object]) -> Place:
        moments = [self._moment(row) for row in rows]
        last = moments[-1]
        ordered = None not in moments and moments == sorted(moments)  # type: ignore[type-var]  # no None here
        if self._spec.changes and ordered and last is not None and (not since or last > since):
            edge = [_digest(row) for row in rows if self._moment(row) == last]
            return {"since": moment_text(last), "page": 1, "edge": edge}
        following: dict[str, object] = {"page": number + 1, "before": _digest(rows)}
        if since is not None:
            following["since"] = moment_text(since)
        return following

    def _page(self, since: datetime | None, number: int) -> Reply:
        params = self._sized(self._params(self._conditions(since)))
        params.append((self._paging.page_param, str(number)))
        return self._caller.send(Call(method="GET", path=self._spec.path, params=params))

    def _moment(self, row: object) -> datetime | None:
        value = at(row, self._spec.modified)
        try:
            return moment_of(self._system.dialect.from_wire(value))
        except (ArithmeticError, KeyError, TypeError, ValueError):
            return None  # The row itself is told of where rows are read.


def _rows_of(spec: ObjectSpec, data: object) -> list[object]:
    """Return a list's rows. Raises Transient where there are none at all, not even an empty list:
    that says nothing of what is there, least of all that a record is not.
    """
    rows = at(data, spec.rows)
    if not isinstance(rows, list):
        where = f" ({spec.rows})" if spec.rows else ""
        raise Transient(f"The list of {spec.label} came without its rows{where}.")
    return rows


def _answered_at(reply: Reply) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(reply.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


def _digest(value: object) -> str:
    return hashlib.blake2b(encode(value), digest_size=12).hexdigest()


def _fixed_conditions(caller: Caller, spec: ObjectSpec, *, reads: bool) -> list[Condition]:
    """Return the conditions that every list, or every look-up, of the object carries."""
    found: list[Condition] = []
    for name, operator, value in spec.where:
        if not isinstance(value, FromConfig):
            found.append(Condition(name, operator, value))
        elif reads or not value.only_reads:
            text = f"{caller.config.get(value.name, '')}{value.suffix}"
            found.append(Condition(name, operator, int(text) if value.integer else text))
    return found


def find_rows(
    caller: Caller, system: RestDescriptor, spec: ObjectSpec, field: str, value: str
) -> list[object]:
    """Return the rows (a few at most) whose `field` is exactly `value`."""
    paging = spec.paging or system.paging
    conditions = [*_fixed_conditions(caller, spec, reads=False), Condition(field, EQUALS, value)]
    params = [*spec.params, *system.dialect.query(conditions, fields=spec.fields, order=())]
    headers = {}
    if paging.style == "range":
        headers["Range"] = "records=0-3"
    elif paging.size_param:
        params.append((paging.size_param, "3"))
    reply = caller.send(
        Call(method="GET", path=spec.path, params=params, headers=headers, accept=(RANGE_END,))
    )
    return [] if reply.status == RANGE_END else _rows_of(spec, reply.data)
