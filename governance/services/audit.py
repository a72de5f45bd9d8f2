"""Writes the audit trail, in the caller's transaction, whatever door it came through."""

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

import msgspec
from django.db import DEFAULT_DB_ALIAS, connections
from msgspec import Struct

from governance import correlation
from governance.actions import Action, require_registered
from governance.personal import conceal, conceal_fields, subject_of
from governance.redaction import redact_mapping, redact_text
from governance.subject_keys import conceal_again, key_for_writing


class EntryDraft(Struct, frozen=True):
    """One entry to be; `record` says what its fields mean."""

    action: Action
    object_kind: str
    object_id: object
    object_label: str = ""
    client_id: int | None = None
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    reason: str = ""


class _Row(TypedDict):
    """One entry's own values."""

    action: str
    kind: str
    id: str
    label: str
    client: int | None
    before: dict[str, object] | None
    after: dict[str, object] | None
    reason: str


def record(
    action: Action,
    *,
    object_kind: str,
    object_id: object,
    object_label: str = "",
    client_id: int | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    """Say that `action` happened to an object.

    Who, through which door, from where and under which correlation id come from
    `correlation.current()`. Fields of `before` and `after` that look secret are hidden.
    Call it inside the transaction of what it tells of: both are kept, or neither.
    Raises UnknownAction for an action that is not registered.
    """
    draft = EntryDraft(
        action, object_kind, object_id, object_label, client_id, before, after, reason
    )
    record_many([draft])


def record_many(entries: Sequence[EntryDraft]) -> None:
    """Write many entries with one INSERT, into the schema that is entered. Raises as `record`.

    An entry is part of every business transaction, so the statement is written by hand, prepared
    once per connection and schema, and travels with the COMMIT: `run_by_commit` of our database
    backend. Many rows go as one JSON parameter, a third of the cost of as many placeholders.
    """
    if not entries:
        return
    scope, keys = correlation.current(), _Keys({})
    label, address = _who(scope)
    own = connections[DEFAULT_DB_ALIAS]
    schema = own.ops.quote_name(own.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
    shared = [
        scope.actor.kind,
        _number(scope.actor.id),
        label,
        scope.door,
        address,
        scope.correlation_id,
    ]
    rows = [_row(draft, keys) for draft in entries]
    if len(rows) == 1:
        statement, values = _ONE, _as_texts(rows[0])
    else:
        statement, values = _MANY, [msgspec.json.encode(rows).decode()]
    own.run_by_commit(f"INSERT INTO {schema}.{statement}", [*shared, *values])  # type: ignore[attr-defined]


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _as_texts(row: _Row) -> list[str | None]:
    return [
        row["action"],
        row["kind"],
        row["id"],
        row["label"],
        _number(row["client"]),
        _json(row["before"]),
        _json(row["after"]),
        row["reason"],
    ]


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


class _Keys(dict[str, bytes | None]):
    """The keys of persons, each asked for once in a call."""

    def __missing__(self, subject: str) -> bytes | None:
        self[subject] = key_for_writing(subject)
        return self[subject]


def _who(scope: correlation.Scope) -> list[str]:
    """Return the label and address of whoever acts; a person's under their key."""
    actor = scope.actor
    texts = [actor.label[:200], scope.address]
    if actor.kind not in _PEOPLE or actor.id is None:
        return texts
    return conceal_again(f"{actor.kind}-{actor.id}", texts)


def _row(draft: EntryDraft, keys: _Keys) -> _Row:
    """Return one entry's own values: without secrets, and what is personal under its key."""
    require_registered(draft.action)
    about = redact_text(draft.object_label)[:200]
    before = None if draft.before is None else redact_mapping(draft.before)
    after = None if draft.after is None else redact_mapping(draft.after)
    concerned = subject_of(draft.object_kind, str(draft.object_id))
    if concerned is not None:
        about = conceal(about, concerned, keys[concerned])
        before = conceal_fields(before, concerned, keys[concerned])
        after = conceal_fields(after, concerned, keys[concerned])
    return {
        "action": draft.action.key,
        "kind": draft.object_kind,
        "id": str(draft.object_id),
        "label": about,
        "client": draft.client_id,
        "before": before,
        "after": after,
        "reason": redact_text(draft.reason),
    }


def changed_fields(
    before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return both sides reduced to the fields that differ, for a short entry."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


_PEOPLE: Final = frozenset({"person", "operator"})
_COLUMNS: Final = """governance_auditentry
    (actor_kind, actor_id, actor_label, door, address, correlation_id,
     action, object_kind, object_id, object_label, client_id, before, after, reason)"""
_ONE: Final = f"""{_COLUMNS}
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s)
"""
_MANY: Final = f"""{_COLUMNS}
    SELECT %s, %s::bigint, %s, %s, %s, %s,
        x.action, x.kind, x.id, x.label, x.client, x.before, x.after, x.reason
    FROM jsonb_to_recordset(%s::jsonb) AS x(
        action text, kind text, id text, label text, client bigint, before jsonb, after jsonb,
        reason text)
"""  # noqa: S608  our own constants
