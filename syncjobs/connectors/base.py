"""The contract between the engine and every connector. Pure: no ORM, no HTTP."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Protocol, Self

from msgspec import Struct, field

from syncjobs.connectors.errors import ConnectorError

KINDS: Final = ("crm", "contracts", "staffing", "psa", "time", "erp", "revenue", "support", "files")
MODES: Final = ("create", "update", "upsert", "action")
FIELD_KINDS: Final = ("text", "url", "integer", "choice", "secret", "key")


class Budget(Protocol):
    """The connection's rate budget, shared by all workers."""

    def take(self) -> None:
        """Take one call's worth; raises RateLimited when there is none left now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionField:
    """One thing that a person fills in to connect a system."""

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    required: bool = True
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """One kind of record in the system, as the catalogue and the mapping editor show it.

    `canonical` is the canonical object that it usually becomes, "" when none fits.
    `deletes` says how a deletion is seen: "flag" (listed with a mark), "compare" (found
    by comparing all of it now and then) or "unseen".
    `fields` are dotted paths into a record's data, `target_fields` what a write may give; a
    connector that leaves them empty takes them as they come.
    `batch`: how many creates one call takes; 0 where each is a call of its own.
    """

    name: str
    label: str
    canonical: str = ""
    readable: bool = True
    changes: bool = True
    modes: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    deletes: str = "unseen"
    batch: int = 0
    can_look_up: bool = False
    fields: tuple[str, ...] = ()
    target_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What the catalogue says about a connector.

    `writes_idempotent`: a repeated write with the same idempotency key has one effect.
    `pushes`: it sends webhooks that carry the records; others may knock, and are read then.
    `fetches`: it brings whole files; its configuration says what they hold and how often to look.
    """

    key: str
    label: str
    kind: str
    summary: str
    config_fields: tuple[ConnectionField, ...]
    secret_fields: tuple[ConnectionField, ...]
    objects: tuple[ObjectInfo, ...]
    writes_idempotent: bool
    pushes: bool = False
    kinds: tuple[str, ...] = ()
    fetches: bool = False

    def object(self, name: str) -> ObjectInfo:
        """Return the object of that name; KeyError names what there is."""
        for info in self.objects:
            if info.name == name:
                return info
        raise KeyError(f"{self.label} has no {name!r}; it has {[o.name for o in self.objects]}")


# Of a system's id for a record: what the tables of references keep.
LONGEST_ID: Final = 200


class SourceRecord(Struct, frozen=True):
    """One record as the system gave it.

    `data` holds only str, int, bool, None, Decimal, list and dict: no floats, dates as ISO
    text. `version` changes when the record does; `modified_at` is aware. `problem` says why a row
    of a list cannot be read, in words for people: `data` is as it came then, and `id` is empty
    where it names none.
    """

    id: str
    version: str
    modified_at: datetime | None
    data: Mapping[str, object]
    deleted: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a folder. `problem`: why its content was not read, in words for people."""

    name: str
    content: bytes = b""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Records, and the cursor that continues after them. Store both in one transaction.

    `cursor` is the connector's own JSON. `last` is true when the source has no more now.
    `total` is how many records are left in this read, this page's included, as far as the
    source says. `unread`: rows that have a problem. `file` comes instead of records, `note`
    explains a whole reading at its end, and `unusable` names the files that wait for a person.
    """

    records: Sequence[SourceRecord]
    cursor: Mapping[str, object]
    last: bool
    total: int | None = None
    unread: Sequence[SourceRecord] = ()
    file: FoundFile | None = None
    note: str = ""
    unusable: Sequence[str] | None = None


class Write(Struct, frozen=True):
    """One write. `data` is in the target's own field names.

    `reference` is our natural key: it is stored in the target, so that an unknown outcome
    can be looked up. `version` is the version that we last saw there; "" is not checked.
    """

    object: str
    mode: str
    data: Mapping[str, Any]
    external_id: str | None
    reference: str
    idempotency_key: str
    action: str = ""
    version: str = ""


class Written(Struct, frozen=True):
    """What the target holds now. `request` and `answer` are plain JSON without secrets."""

    external_id: str
    version: str
    status: int
    request: Mapping[str, object] = field(default_factory=dict)
    answer: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One named test of a connection, in words for the person who connects it.

    untried: it did not come to it, because an earlier one failed.
    object, fields: what was read, and the dotted paths that its first records have; always:
    those that each of them has.
    """

    name: str
    ok: bool
    message: str
    untried: bool = False
    object: str = ""
    fields: tuple[str, ...] = ()
    always: tuple[str, ...] = ()


class Connector(ABC):
    """An open connection to one system. Safe to use from several threads.

    Every method raises a `ConnectorError` and nothing else for what the system or the
    network does. Nothing is ever tried twice here, except once after a sign-in expired:
    retries are the engine's.
    """

    descriptor: Descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Give the network connections back."""

    @abstractmethod
    def check(self) -> list[Check]:
        """Try to reach the system, sign in, and read each object. Changes nothing."""

    @abstractmethod
    def read(
        self,
        object: str,  # noqa: A002  the domain's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        """Read what has changed since `cursor`, all of it when None.

        Resumable: a page's cursor, given back, continues after that page. A record can come
        twice; none is left out, whatever changes while reading.
        """

    @abstractmethod
    def write(self, write: Write) -> Written:
        """Send one write."""

    def write_many(self, writes: Sequence[Write]) -> list[Written | ConnectorError]:
        """Send several creates of one object, at most its `batch`, in one call.

        Returns an outcome for each, in order; one that fails leaves the others as they are.
        Raises a ConnectorError where the whole call failed: it stands for each of them.
        """
        raise NotImplementedError(f"{self.descriptor.label} takes no batches.")

    @abstractmethod
    def look_up(
        self,
        object: str,  # noqa: A002  the domain's word
        *,
        reference: str,
        idempotency_key: str,
    ) -> Written | None:
        """Find what a write with that reference left there; None when there is nothing.

        Raises Permanent when this object cannot be looked up: then a person decides.
        """

    @abstractmethod
    def request_preview(self, write: Write) -> Mapping[str, object]:
        """Say what `write` would send: method, path, headers without secrets, body.

        Sends nothing that changes anything.
        """
