"""Create, change and list the documents of a system, by a declaration per kind."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncjobs.sandbox.checks import Check
from syncjobs.sandbox.problems import FieldProblem, Refused, duplicate, invalid, not_found
from syncjobs.sandbox.store import Document, Selection, Store

Body = dict[str, Any]
# Fills in references and what the system computes; gets the whole new body and the old one.
Prepare = Callable[[Store, Body, Body | None], Body]


def _as_it_is(_store: Store, body: Body, _old: Body | None) -> Body:
    return body


@dataclass(frozen=True)
class Kind:
    """One kind of object: its input fields, what is required, unique and searchable."""

    name: str
    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    natural: str = "number"
    amount: str = ""  # the field that the ledger takes as money
    prepare: Prepare = _as_it_is

    @property
    def searchable(self) -> tuple[str, ...]:
        """Fields that lists filter by."""
        return tuple(dict.fromkeys((*self.unique, *self.indexed)))


class Resources:
    """The documents of a system; every change leaves an entry in the ledger.

    `new_id(kind)` names documents the vendor's way. All methods run inside a transaction.
    """

    def __init__(
        self, store: Store, kinds: Iterable[Kind], new_id: Callable[[Store, Kind], str]
    ) -> None:
        self.store = store
        self.kinds = {kind.name: kind for kind in kinds}
        self._new_id = new_id
        # Told of every change, in its transaction; a system that pushes sets it.
        self.on_change: Callable[[Kind, str, Document], None] | None = None

    def kind(self, name: str) -> Kind:
        """The declaration, or a 404."""
        if name not in self.kinds:
            raise not_found(f"The resource {name!r}")
        return self.kinds[name]

    def get(self, kind: Kind, key: str) -> Document:
        """One document, or a 404."""
        found = self.store.get(kind.name, key)
        if found is None:
            raise not_found(f"{kind.name} {key!r}")
        return found

    def checked(self, kind: Kind, data: Mapping[str, Any], *, partial: bool) -> Body:
        """The input as it is stored; a 400 names every field that is wrong."""
        body: Body = {}
        wrong: list[FieldProblem] = []
        for name, value in data.items():
            if name not in kind.fields:
                wrong.append(FieldProblem(name, "is not a field of this object", "UNKNOWN_FIELD"))
                continue
            try:
                body[name] = kind.fields[name](value)
            except ValueError as error:
                wrong.append(FieldProblem(name, str(error)))
        for name in kind.required:
            given = body.get(name) if name in body or not partial else True
            if given in (None, "") and name not in {problem.field for problem in wrong}:
                wrong.append(FieldProblem(name, "is required", "REQUIRED"))
        if wrong:
            raise invalid(*wrong)
        return body

    def create(
        self, kind: Kind, data: Mapping[str, Any], *, origin: str, key: str = ""
    ) -> Document:
        """Store a new document and its effect; `key` is the caller's idempotency key."""
        body = {**kind.defaults, **self.checked(kind, data, partial=False)}
        body = kind.prepare(self.store, body, None)
        self._require_unique(kind, body, None)
        created = self.store.insert(
            kind.name, self._new_id(self.store, kind), body, kind.searchable
        )
        self.note(kind, "created", created, origin=origin, key=key)
        return created

    def update(
        self, kind: Kind, old: Document, data: Mapping[str, Any], *, origin: str, key: str = ""
    ) -> Document:
        """Change the given fields."""
        changes = self.checked(kind, data, partial=True)
        body = kind.prepare(self.store, {**old.body, **changes}, old.body)
        return self.rewrite(kind, old, body, origin=origin, key=key)

    def rewrite(
        self, kind: Kind, old: Document, body: Body, *, origin: str, key: str = ""
    ) -> Document:
        """Store a new state that the system made itself (no input checks)."""
        self._require_unique(kind, body, old)
        changed = sorted(name for name in body if body[name] != old.body.get(name))
        new = self.store.replace(kind.name, old, body, kind.searchable)
        self.note(kind, "updated", new, origin=origin, key=key, changed=changed)
        return new

    def bulk_create(self, kind: Kind, records: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
        """Import records with one time for all; existing natural keys are left alone."""
        self.store.freeze_stamp()
        created = existing = 0
        for record in records:
            known = record.get(kind.natural)
            if known and self.store.find(kind.name, kind.natural, str(known)):
                existing += 1
                continue
            body = {**kind.defaults, **self.checked(kind, record, partial=False)}
            body = kind.prepare(self.store, body, None)
            self._require_unique(kind, body, None)
            key = self._new_id(self.store, kind)
            self.store.insert(kind.name, key, body, kind.searchable)
            created += 1
        if created:
            effect = {"effect": f"{kind.name}.imported", "kind": kind.name, "count": created}
            self.store.append_ledger({"at": self.store.stamp(), "origin": "control", **effect})
        return created, existing

    def select(self, wanted: Selection, *, limit: int, offset: int = 0) -> list[Document]:
        """Documents in the order of their changes; a 400 for a filter that is not offered."""
        allowed = self.kind(wanted.kind).searchable
        for name in wanted.equal or {}:
            if name not in allowed:
                raise invalid(FieldProblem(name, "cannot be used as a filter", "FILTER"))
        return self.store.select(wanted, limit=limit, offset=offset)

    def note(
        self,
        kind: Kind,
        effect: str,
        document: Document,
        *,
        origin: str,
        key: str = "",
        **more: Any,
    ) -> None:
        """Write an effect on a document into the ledger."""
        body = document.body
        if self.on_change is not None:
            self.on_change(kind, effect, document)
        self.store.append_ledger(
            {
                "at": self.store.stamp(),
                "origin": origin,
                "effect": f"{kind.name}.{effect}",
                "kind": kind.name,
                "id": document.id,
                "reference": _reference(kind, body),
                "amount": body.get(kind.amount) if kind.amount else None,
                "currency": body.get("currency") or body.get("Currency"),
                "idempotencyKey": key or None,
                **more,
            }
        )

    def _require_unique(self, kind: Kind, body: Body, old: Document | None) -> None:
        for name in kind.unique:
            value = body.get(name)
            if value in (None, "") or (old and old.body.get(name) == value):
                continue
            taken = self.store.find(kind.name, name, str(value))
            if taken and (old is None or taken.id != old.id):
                raise duplicate(name, str(value), taken.id)


def _reference(kind: Kind, body: Body) -> str | None:
    for name in ("externalReference", "ExternalRef", kind.natural):
        if body.get(name):
            return str(body[name])
    return None


def require_document(store: Store, kind: str, field_name: str, value: str, status: int) -> Document:
    """The document that a reference names, or a refusal that names the reference."""
    found = store.get(kind, value) if field_name == "id" else store.find(kind, field_name, value)
    if found is None:
        problem = FieldProblem(field_name, f"names no existing {kind}", "UNKNOWN_REFERENCE")
        message = f"There is no {kind} with {field_name} {value!r}."
        raise Refused(status, "unknown_reference", message, (problem,))
    return found
