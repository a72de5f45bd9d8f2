"""Writes the audit trail, in the caller's transaction, whatever door it came through."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from governance import correlation
from governance.actions import Action, require_registered
from governance.personal import conceal, conceal_fields, subject_of
from governance.redaction import redact_mapping, redact_text
from governance.subject_keys import key_for_writing


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """One entry to be; `record` says what its fields mean."""

    action: Action
    object_kind: str
    object_id: object
    object_label: str = ""
    client_id: int | None = None
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    reason: str = ""


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
    """Write many entries with one INSERT, for the engine's hot path. Raises as `record`."""
    scope = correlation.current()
    keys: Keys = {}
    rows = [_row(draft, scope, keys) for draft in entries]
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        _insert(part)


def _insert(rows: Sequence[tuple[str | int | None, ...]]) -> None:
    """Write rows by hand, into the schema that is entered.

    An entry is part of every business transaction. Building the same statement by the ORM costs
    more time than the database takes to carry it out, and so does the statement by which each
    new cursor chooses the schema: here the table is named with it instead.
    """
    own = connections[DEFAULT_DB_ALIAS]
    schema = own.ops.quote_name(own.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
    into = f"INSERT INTO {schema}.governance_auditentry ({_COLUMNS}) VALUES "  # noqa: S608  quoted
    with BaseDatabaseWrapper._cursor(own) as cursor:  # type: ignore[attr-defined]  # not in the stubs
        cursor.execute(into + ", ".join([_VALUES] * len(rows)), [*chain(*rows)])


Keys = dict[str, bytes | None]
_PEOPLE: Final = frozenset({"person", "operator"})
_ROWS: Final = 1_000
_COLUMNS: Final = (
    "actor_kind, actor_id, actor_label, door, address, action, object_kind, object_id,"
    " object_label, client_id, before, after, reason, correlation_id"
)
_VALUES: Final = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s)"


def _key(subject: str, keys: Keys) -> bytes | None:
    """Return a person's key, asking once for all the entries of a call."""
    if subject not in keys:
        keys[subject] = key_for_writing(subject)
    return keys[subject]


def _row(draft: EntryDraft, scope: correlation.Scope, keys: Keys) -> tuple[str | int | None, ...]:
    """Return the values of `_COLUMNS`: without secrets, and what is personal under its key."""
    require_registered(draft.action)
    actor, object_id = scope.actor, str(draft.object_id)
    label, address = actor.label[:200], scope.address
    if actor.kind in _PEOPLE and actor.id is not None:
        subject = f"{actor.kind}-{actor.id}"
        key = _key(subject, keys)
        label, address = conceal(label, subject, key), conceal(address, subject, key)
    about = redact_text(draft.object_label)[:200]
    before = None if draft.before is None else redact_mapping(draft.before)
    after = None if draft.after is None else redact_mapping(draft.after)
    concerned = subject_of(draft.object_kind, object_id)
    if concerned is not None:
        key = _key(concerned, keys)
        about = conceal(about, concerned, key)
        before = conceal_fields(before, concerned, key)
        after = conceal_fields(after, concerned, key)
    return (
        actor.kind,
        actor.id,
        label,
        scope.door,
        address,
        draft.action.key,
        draft.object_kind,
        object_id,
        about,
        draft.client_id,
        None if before is None else json.dumps(before),
        None if after is None else json.dumps(after),
        redact_text(draft.reason),
        scope.correlation_id,
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
