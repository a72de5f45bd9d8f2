"""A REST system described as data. Everything is checked when the vendor's module loads.

Names come from closed sets: a misspelt style, method or placeholder stops the process at
import, with the place named, and never a delivery in the night.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from syncjobs.connectors import auth as auths
from syncjobs.connectors.base import FIELD_KINDS, KINDS, ConnectionField, Descriptor, ObjectInfo
from syncjobs.connectors.dialects import Dialect

STYLES: Final = MappingProxyType(
    {
        "token": ("token_param", "token_path"),
        "link": ("link_path",),
        "page": ("page_param", "size_param"),
        "range": (),
    }
)
METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
GUARDS: Final = frozenset({"", "if_match", "compare"})
DELETES: Final = frozenset({"flag", "compare", "unseen"})
_PLACEHOLDER = re.compile(r"\{([^}]*)\}")
_PATH = re.compile(r"(/[A-Za-z0-9._{}-]+)*")


class DescriptorError(ValueError):
    """A descriptor is wrong; the message names the connector, the place and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a list goes on after its first rows.

    token: an opaque token in the body, sent back instead of the changed-since.
    link: an address in the body, followed only on the same host.
    page: page numbers; rows must be ordered by change, then id.
    range: a `Range: records=a-b` header and the position as a condition; 416 is the end.
    """

    style: str
    max_size: int = 200
    size_param: str = ""
    token_param: str = ""
    token_path: str = ""
    link_path: str = ""
    page_param: str = ""
    total_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How a read is narrowed to what changed: `field` is at or after a moment.

    `overlap` in seconds is read again at the start of each read, for records that became
    visible later than their time of change says.
    """

    field: str
    overlap: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FromConfig:
    """A fixed condition's value that each connection's configuration gives.

    `only_reads`: it narrows what is read, and never what a look-up may find.
    """

    name: str
    suffix: str = ""
    integer: bool = False
    only_reads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Rows of another list, fetched once per page and put into each row at `into`.

    `source` is where a row holds the other's `key`, after `prefix`.
    """

    source: str
    path: str
    into: str
    fields: tuple[str, ...]
    prefix: str = ""
    key: str = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One way to write. `reference` is the target's field that keeps our reference.

    `keyed`: the target drops a repeat that carries the same idempotency key.
    `guard`: "if_match" sends the known version, "compare" reads and compares it first.
    """

    method: str
    path: str
    reference: str = ""
    keyed: bool = False
    guard: str = ""
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchShape:
    """How a system takes several creates of one object at once.

    Request: a list at `rows`, each {`key`: idempotency key, `data`: the record}. Answer: a list
    at `results` in the same order, each {`status`, `body`: the record or the error}.
    """

    path: str
    most: int
    rows: str = "records"
    key: str = "key"
    data: str = "data"
    results: str = "results"
    status: str = "status"
    body: str = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSpec:
    """One kind of record: how it is read, written and found again.

    `where` holds fixed conditions (field, operator, value). `look_up` names the fields that
    can hold our reference, the surest first.
    """

    name: str
    label: str
    path: str
    canonical: str = ""
    rows: str = ""
    id: str = "id"
    version: str = ""
    modified: str = ""
    deleted: str = ""
    deletes: str = "unseen"
    params: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    target_fields: tuple[str, ...] = ()
    where: tuple[tuple[str, str, str | FromConfig], ...] = ()
    readable: bool = True
    changes: Changes | None = None
    paging: Paging | None = None
    joins: tuple[Join, ...] = ()
    create: Operation | None = None
    update: Operation | None = None
    actions: Mapping[str, Operation] = field(default_factory=dict)
    look_up: tuple[str, ...] = ()
    batch: BatchShape | None = None

    @property
    def modes(self) -> tuple[str, ...]:
        """The write modes that this object takes."""
        found = [name for name in ("create", "update") if getattr(self, name) is not None]
        if self.create and self.update and self.look_up:
            found.append("upsert")
        return (*found, *(("action",) if self.actions else ()))

    def operations(self) -> Iterator[tuple[str, Operation]]:
        """Each operation with its name."""
        if self.create:
            yield "create", self.create
        if self.update:
            yield "update", self.update
        yield from self.actions.items()

    def _held(self) -> tuple[str, ...]:
        """Every path of a record: what is asked for, what is joined to it, and the ids of both."""
        if not self.fields:
            return ()
        joined = [f"{join.into}.{name}" for join in self.joins for name in ("id", *join.fields)]
        paths = [*self.fields, *joined]
        # A field behind a dot comes with the id of the record that it is in.
        owners = [f"{path.rpartition('.')[0]}.id" for path in paths if "." in path]
        return tuple(dict.fromkeys([self.id, *paths, *owners]))

    def info(self) -> ObjectInfo:
        """What the catalogue says of it."""
        return ObjectInfo(
            name=self.name,
            label=self.label,
            canonical=self.canonical,
            readable=self.readable,
            changes=self.changes is not None,
            modes=self.modes,
            actions=tuple(self.actions),
            deletes=self.deletes,
            can_look_up=bool(self.look_up),
            batch=self.batch.most if self.batch else 0,
            fields=self._held(),
            target_fields=self.target_fields,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PushShape:
    """Where a webhook's body says its kind ("accounts.updated": object, what happened) and
    holds the record, or a list of at most `most`, each as a list of the object shows it."""

    type: str = "type"
    rows: str = "data"
    most: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorShape:
    """Where an error answer keeps its words. `parts` is a list of single complaints."""

    message: str
    code: str = ""
    parts: str = ""
    part_field: str = ""
    part_message: str = ""
    existing_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestDescriptor:
    """A whole system. `root` follows the connection's address and may name config fields."""

    key: str
    label: str
    kind: str
    summary: str
    auth: auths.Auth
    config_fields: tuple[ConnectionField, ...]
    secret_fields: tuple[ConnectionField, ...]
    objects: tuple[ObjectSpec, ...]
    paging: Paging
    errors: ErrorShape
    dialect: Dialect
    root: str = ""
    kinds: tuple[str, ...] = ()
    writes_idempotent: bool = False
    pushes: PushShape | None = None
    public: Descriptor = field(init=False)

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise DescriptorError(f"{self.key}: " + "; ".join(problems))
        public = Descriptor(
            key=self.key,
            label=self.label,
            kind=self.kind,
            kinds=self.kinds or (self.kind,),
            summary=self.summary,
            config_fields=self.config_fields,
            secret_fields=self.secret_fields,
            objects=tuple(spec.info() for spec in self.objects),
            writes_idempotent=self.writes_idempotent,
            pushes=self.pushes is not None,
        )
        object.__setattr__(self, "public", public)

    def find(self, name: str) -> ObjectSpec:
        """Return the object of that name; KeyError when there is none."""
        for spec in self.objects:
            if spec.name == name:
                return spec
        raise KeyError(name)


def _problems(system: RestDescriptor) -> Iterator[str]:
    config = {entry.name for entry in system.config_fields}
    secret = {entry.name for entry in system.secret_fields}
    yield from (
        f"kind {kind!r} is unknown" for kind in (system.kind, *system.kinds) if kind not in KINDS
    )
    if "base_url" not in config:
        yield "config_fields lack base_url"
    for entry in (*system.config_fields, *system.secret_fields):
        if entry.kind not in FIELD_KINDS:
            yield f"field {entry.name}: kind {entry.kind!r} is unknown"
    yield from (
        f"sign-in reads config {name!r}, which no field gives"
        for name in auths.config_names(system.auth)
        if name not in config
    )
    yield from (
        f"sign-in reads secret {name!r}, which no field gives"
        for name in auths.secret_names(system.auth)
        if name not in secret
    )
    yield from _path_problems("root", system.root, config)
    yield from _paging_problems("paging", system.paging)
    names = [spec.name for spec in system.objects]
    yield from (f"object {name!r} is there twice" for name in {*names} if names.count(name) > 1)
    for spec in system.objects:
        for problem in _object_problems(spec, system.dialect):
            yield f"object {spec.name}: {problem}"
        for _, _, value in spec.where:
            if isinstance(value, FromConfig) and value.name not in config:
                yield f"object {spec.name}: where reads config {value.name!r}, which no field gives"


def _object_problems(spec: ObjectSpec, dialect: Dialect) -> Iterator[str]:
    yield from _path_problems("path", spec.path, ())
    yield from _batch_problems(spec)
    if spec.deletes not in DELETES:
        yield f"deletes {spec.deletes!r} is unknown"
    if (spec.deletes == "flag") != bool(spec.deleted):
        yield "deletes 'flag' and the path `deleted` belong together"
    if spec.changes and not spec.modified:
        yield "changes need the path `modified`"
    if spec.changes and spec.changes.overlap < 0:
        yield "the overlap is negative"
    if spec.paging:
        yield from _paging_problems("paging", spec.paging)
    if spec.joins and not dialect.joins:
        yield "this dialect cannot ask for rows among several ids, so it has no joins"
    for join in spec.joins:
        yield from _path_problems(f"join {join.into}", join.path, ())
    for name, operation in spec.operations():
        for problem in _operation_problems(spec, name, operation):
            yield f"{name}: {problem}"


def _batch_problems(spec: ObjectSpec) -> Iterator[str]:
    if spec.batch is not None:
        yield from _path_problems("batch", spec.batch.path, ())
        if spec.create is None or spec.batch.most < 2:
            yield "a batch is of two creates or more"


def _operation_problems(spec: ObjectSpec, name: str, operation: Operation) -> Iterator[str]:
    if operation.method not in METHODS:
        yield f"method {operation.method!r} is unknown"
    if operation.guard not in GUARDS:
        yield f"guard {operation.guard!r} is unknown"
    if operation.guard and not spec.version:
        yield "a guard needs the path `version`"
    yield from _path_problems("path", operation.path, ("id",))
    if name != "create" and "{id}" not in operation.path:
        yield "the path lacks {id}"
    if name == "create" and "{id}" in operation.path:
        yield "a record has no id before it is created"
    if name == "create" and spec.look_up and not operation.reference:
        yield "look_up needs the field `reference` that keeps our reference"


def _paging_problems(place: str, paging: Paging) -> Iterator[str]:
    if paging.style not in STYLES:
        yield f"{place}: style {paging.style!r} is unknown, it is one of {', '.join(STYLES)}"
        return
    if not 1 <= paging.max_size <= 10_000:
        yield f"{place}: max_size {paging.max_size} is out of bounds"
    for name in STYLES[paging.style]:
        if not getattr(paging, name):
            yield f"{place}: style {paging.style} needs {name}"


def _path_problems(place: str, path: str, known: Iterable[str]) -> Iterator[str]:
    if not _PATH.fullmatch(path):
        yield f"{place}: {path!r} is not a path"
    for name in _PLACEHOLDER.findall(path):
        if name not in known:
            yield f"{place}: {{{name}}} is unknown"
