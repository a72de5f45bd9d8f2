"""A source that says what it holds now; a target that fails by its dice and keeps a ledger."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import requests

from syncjobs.connectors.base import Descriptor, ObjectInfo, Page, SourceRecord, Write, Written
from syncjobs.connectors.errors import Config, Conflict, Permanent, Rejected
from syncjobs.connectors.outcomes import Effect, from_exception, from_status
from tests.fakes.systems import FakeSystem

BEGAN: Final = datetime(2026, 11, 3, 12, tzinfo=UTC)
# `…_after`: it is done there, and the caller never hears of it.
FAULTS: Final = (
    "429",
    "503",
    "drop_after",
    "drop_before",
    "refused",
    "rejected",
    "conflict",
    "401",
)
PAGE: Final = 3


@dataclass
class Source(FakeSystem):
    """Lists what changed since a cursor, each record once and as it is now."""

    state: dict[str, dict[str, tuple[int, SourceRecord]]] = field(default_factory=dict)
    moment: int = 0

    def say(self, object_: str, id_: str, data: Mapping[str, Any], *, deleted: bool = False) -> int:
        """Let a record be like this from now on; return the moment of it."""
        self.moment += 1
        at = BEGAN + timedelta(seconds=10 * self.moment)
        stamped = {**data, "updatedAt": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        made = SourceRecord(id_, f"{at:%H%M%S}-{deleted}", at, stamped, deleted)
        self.state.setdefault(object_, {})[id_] = self.moment, made
        return self.moment

    def forget(self, object_: str, id_: str) -> None:
        """Delete a record without a mark: only a comparison tells."""
        self.state[object_].pop(id_, None)

    def read(
        self,
        object: str,  # noqa: A002  the contract's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        if self.fail_read:
            raise self.fail_read.pop(0)
        done = int(str((cursor or {}).get("at", 0)))
        rows = sorted(
            (one for one in self.state.get(object, {}).values() if one[0] > done),
            key=lambda one: one[0],
        )
        for place in range(0, len(rows), PAGE):
            part = rows[place : place + PAGE]
            last = place + PAGE >= len(rows)
            yield Page([one for _, one in part], {"at": str(part[-1][0])}, last=last)
        if not rows:
            yield Page((), {"at": str(done)}, last=True)


@dataclass
class Line:
    """One effect in the target: `lost` where its caller did not hear of it."""

    what: str
    object: str
    id: str
    reference: str
    data: dict[str, Any]
    lost: bool


@dataclass
class Target(FakeSystem):
    """Fails as its dice say while `share` is over 0; `meanwhile` is called within each write."""

    dice: Random = field(default_factory=Random)
    share: float = 0.0
    ledger: list[Line] = field(default_factory=list)
    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    meanwhile: Callable[[], None] | None = None
    made: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("things", "projects")
        self.descriptor = Descriptor(
            key="mixed",
            label="Mixed",
            kind="erp",
            summary="",
            config_fields=(),
            secret_fields=(),
            objects=tuple(
                ObjectInfo(name=name, label=name, can_look_up=True, batch=self.dice.choice((0, 3)))
                for name in names
            ),
            writes_idempotent=False,
        )

    def lose(self, place: tuple[str, str]) -> None:
        """Let somebody delete a record by hand."""
        gone = self.rows.pop(place)
        self.ledger.append(Line("gone", *place, gone["ref"], {}, lost=False))

    def write(self, write: Write) -> Written:
        if self.meanwhile is not None:
            self.meanwhile()
        fault = self.dice.choice(FAULTS) if self.dice.random() < self.share else ""
        effect = Effect.SAME if write.mode == "update" else Effect.TWICE
        if fault == "429":
            raise from_status(429, {"Retry-After": "1"}, effect)
        if fault == "503":
            raise from_status(503, {}, effect)
        if fault == "refused":
            raise from_exception(requests.ConnectTimeout(), effect, "target")
        if fault == "drop_before":
            raise from_exception(requests.ReadTimeout(), effect, "target")
        if fault == "401":
            raise Config("The credentials were refused.", status=401)
        if fault == "rejected":
            raise Rejected("It has a bad field.", status=400)
        if fault == "conflict" and write.mode == "update":
            raise Conflict("It was changed there.", status=409)
        written = self._do(write, lost=fault == "drop_after")
        if fault == "drop_after":
            raise from_exception(requests.ReadTimeout(), effect, "target")
        return written

    def _do(self, write: Write, *, lost: bool) -> Written:
        if write.mode == "create":
            self.made += 1
            place = write.object, str(self.made)
        else:
            place = write.object, write.external_id or ""
            if place not in self.rows:
                raise Permanent("There is no such record.", status=404)
        row = self.rows.setdefault(place, {"ref": write.reference})
        row.update(write.data)
        line = Line(write.mode, *place, write.reference, dict(write.data), lost)
        self.ledger.append(line)
        return Written(place[1], f"v{len(self.ledger)}", 200, {"body": dict(write.data)}, {})

    def look_up(
        self,
        object: str,  # noqa: A002  the contract's word
        *,
        reference: str,
        idempotency_key: str,
    ) -> Written | None:
        found = [
            id_
            for (kind, id_), row in self.rows.items()
            if (kind, row["ref"]) == (object, reference)
        ]
        return Written(found[0], "v0", 200) if found else None
