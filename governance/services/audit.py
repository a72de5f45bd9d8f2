"""Writes the audit trail, in the caller's transaction, whatever door it came through."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

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


class _Row(Struct):
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
    own, scope = connections[DEFAULT_DB_ALIAS], correlation.current()
    trail: str = own.schema_name  # type: ignore[attr-defined]  # the tenant backend's
    actor, keys = scope.actor, _Keys()
    label, address = actor.label[:200], scope.address
    if actor.kind in _PEOPLE and actor.id is not None:
        label, address = conceal_again(trail, f"{actor.kind}-{actor.id}", (label, address))
    shared = [
        actor.kind,
        None if actor.id is None else str(actor.id),
        label,
        scope.door,
        address,
        scope.correlation_id,
    ]
    rows = [_row(draft, keys) for draft in entries]
    values = _as_texts(rows[0]) if len(rows) == 1 else [_ENCODER.encode(rows).decode()]
    own.run_by_commit(_statement(trail, is_one=len(rows) == 1), shared + values)  # type: ignore[attr-defined]


@lru_cache(maxsize=4_096)
def _statement(trail: str, *, is_one: bool) -> str:
    """Return the INSERT of one entry or of many into a schema."""
    schema = connections[DEFAULT_DB_ALIAS].ops.quote_name(trail)
    return f"INSERT INTO {schema}.{_ONE if is_one else _MANY}"


def _as_texts(row: _Row) -> list[str | None]:
    before, after = row.before, row.after
    return [
        row.action,
        row.kind,
        row.id,
        row.label,
        None if row.client is None else str(row.client),
        None if before is None else _ENCODER.encode(before).decode(),
        None if after is None else _ENCODER.encode(after).decode(),
        row.reason,
    ]


class _Keys(dict[str, bytes | None]):
    """The keys of persons, each asked for once in a call."""

    def __missing__(self, subject: str) -> bytes | None:
        self[subject] = key_for_writing(subject)
        return self[subject]


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
    return _Row(
        draft.action.key,
        draft.object_kind,
        str(draft.object_id),
        about,
        draft.client_id,
        before,
        after,
        redact_text(draft.reason) if draft.reason else "",
    )


def changed_fields(
    before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return both sides reduced to the fields that differ, for a short entry."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


_ENCODER: Final = msgspec.json.Encoder()
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
