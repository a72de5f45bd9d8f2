"""A client's system in memory, with a ledger of every effect and failures on request."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from syncjobs.connectors.base import (
    Check,
    Connector,
    Descriptor,
    ObjectInfo,
    Page,
    SourceRecord,
    Write,
    Written,
)
from syncjobs.connectors.errors import ConnectorError, Permanent
from syncjobs.engine.systems import Systems
from syncjobs.models import Connection

Failure = ConnectorError | Callable[[Write], None]
DESCRIPTOR = Descriptor(
    key="fake",
    label="Fake",
    kind="erp",
    summary="",
    config_fields=(),
    secret_fields=(),
    objects=(ObjectInfo(name="things", label="Things", can_look_up=True),),
    writes_idempotent=False,
)


@dataclass
class Effect:
    """One change that the system made."""

    what: str
    object: str
    external_id: str
    reference: str
    data: Mapping[str, Any]


@dataclass
class FakeSystem(Connector):
    """Holds what is written; serves the pages that a test puts in.

    `fail_before`: raised instead of the next writes. `fail_after`: raised after the effect, as
    when the answer is lost. `fail_batch`, `lose_batch`: the same for whole calls of
    several; `calls`: how many each of these carried. `can_look_up` False: cannot be asked.
    """

    pages: dict[str, list[Page]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    fail_before: list[ConnectorError | None] = field(default_factory=list)
    fail_after: list[ConnectorError | None] = field(default_factory=list)
    fail_read: list[ConnectorError] = field(default_factory=list)
    fail_look_up: list[ConnectorError] = field(default_factory=list)
    fail_batch: list[ConnectorError] = field(default_factory=list)
    lose_batch: list[ConnectorError] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    can_look_up: bool = True
    look_ups: int = 0
    reads: int = 0
    on_write: Callable[[Write], None] | None = None
    descriptor: Descriptor = DESCRIPTOR

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str], dict[str, Any]] = {}
        self._by_reference: dict[tuple[str, str], str] = {}
        self._made = 0

    def close(self) -> None:
        pass

    def check(self) -> list[Check]:
        return [Check("Reach", ok=True, message="Reached.")]

    def delete_by_hand(self, reference: str, object_: str = "things") -> None:
        """Let somebody delete a record there."""
        del self._held[object_, self._by_reference.pop((object_, reference))]

    def put(self, object_: str, *records: SourceRecord, cursor: str = "") -> None:
        """Serve these records as the next page."""
        pages = self.pages.setdefault(object_, [])
        pages.append(Page(records, {"at": cursor or str(len(pages) + 1)}, last=True))

    def read(
        self,
        object: str,  # noqa: A002  the contract's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        self.reads += 1
        if self.fail_read:
            raise self.fail_read.pop(0)
        done = int(str((cursor or {}).get("at", 0)))
        pages = self.pages.get(object, [])[done:]
        for place, page in enumerate(pages, done + 1):
            yield replace(page, cursor={"at": str(place)}, last=place == done + len(pages))
        if not pages:
            yield Page((), {"at": str(done)}, last=True)

    def write(self, write: Write) -> Written:
        with self._lock:
            if self.on_write is not None:
                self.on_write(write)
            before = self.fail_before.pop(0) if self.fail_before else None
            if before is not None:
                raise before
            written = self._apply(write)
            after = self.fail_after.pop(0) if self.fail_after else None
            if after is not None:
                raise after
            return written

    def write_many(self, writes: Sequence[Write]) -> list[Written | ConnectorError]:
        self.calls.append(len(writes))
        if self.fail_batch:
            raise self.fail_batch.pop(0)
        results: list[Written | ConnectorError] = []
        for one in writes:
            try:
                results.append(self.write(one))
            except ConnectorError as error:
                results.append(error)
        if self.lose_batch:
            raise self.lose_batch.pop(0)
        return results

    def _apply(self, write: Write) -> Written:
        if write.mode == "create":
            self._made += 1
            external_id = str(self._made)
            self._by_reference[write.object, write.reference] = external_id
        else:
            external_id = write.external_id or ""
            if (write.object, external_id) not in self._held:
                raise Permanent("No such record.", status=404)
        self._held.setdefault((write.object, external_id), {}).update(write.data)
        what = "created" if write.mode == "create" else "updated"
        self.effects.append(
            Effect(what, write.object, external_id, write.reference, dict(write.data))
        )
        return Written(external_id, f"v{len(self.effects)}", 200, {"body": dict(write.data)}, {})

    def look_up(
        self,
        object: str,  # noqa: A002  the contract's word
        *,
        reference: str,
        idempotency_key: str,
    ) -> Written | None:
        self.look_ups += 1
        if self.fail_look_up:
            raise self.fail_look_up.pop(0)
        if not self.can_look_up:
            raise Permanent("This cannot be looked up.")
        found = self._by_reference.get((object, reference))
        if not found:
            return None
        return Written(found, "v0", 200, answer=dict(self._held[object, found]))

    def request_preview(self, write: Write) -> Mapping[str, object]:
        return {"method": "POST", "path": f"/{write.object}", "body": dict(write.data)}

    def created(self, reference: str) -> int:
        """Return how many times this reference was created: 1 is right."""
        return sum(e.reference == reference and e.what == "created" for e in self.effects)


class FakeSystems(Systems):
    """Opens fakes instead of real systems: connection id → fake."""

    def __init__(self, fakes: Mapping[int, FakeSystem]) -> None:
        super().__init__()
        self._fakes = fakes

    def _connect(self, connection: Connection) -> Connector:
        return self._fakes[connection.pk]

    def close(self) -> None:
        """Fakes stay open for the test to look at."""


def record(
    id_: str, data: Mapping[str, object], *, version: str = "", at: datetime | None = None
) -> SourceRecord:
    """Return a source record; its version follows from its content unless given."""
    return SourceRecord(id_, version or f"{id_}:{sorted(data.items())}", at, data)


def records(*rows: Sequence[object]) -> list[SourceRecord]:
    """Return source records of (id, data) pairs."""
    return [record(str(id_), dict(data)) for id_, data in rows]  # type: ignore[call-overload]  # pairs
