"""Writes the audit trail, in the caller's transaction, whatever door it came through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance import correlation
from governance.actions import Action, require_registered
from governance.models import AuditEntry
from governance.personal import conceal, conceal_fields, subject_of
from governance.redaction import redact_mapping, redact_text
from governance.subject_keys import key_for_writing

_PEOPLE = frozenset({"person", "operator"})


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
    AuditEntry.objects.bulk_create([_entry(draft, scope) for draft in entries])


def _entry(draft: EntryDraft, scope: correlation.Scope) -> AuditEntry:
    require_registered(draft.action)
    entry = AuditEntry(
        actor_kind=scope.actor.kind,
        actor_id=scope.actor.id,
        actor_label=scope.actor.label[:200],
        door=scope.door,
        address=scope.address,
        action=draft.action.key,
        object_kind=draft.object_kind,
        object_id=str(draft.object_id),
        object_label=redact_text(draft.object_label)[:200],
        client_id=draft.client_id,
        before=None if draft.before is None else redact_mapping(draft.before),
        after=None if draft.after is None else redact_mapping(draft.after),
        reason=redact_text(draft.reason),
        correlation_id=scope.correlation_id,
    )
    _conceal_personal(entry)
    return entry


def _conceal_personal(entry: AuditEntry) -> None:
    """Seal who acted and, where the object is a person, who that is, under each one's key."""
    if entry.actor_kind in _PEOPLE and entry.actor_id is not None:
        subject = f"{entry.actor_kind}-{entry.actor_id}"
        key = key_for_writing(subject)
        entry.actor_label = conceal(entry.actor_label, subject, key)
        entry.address = conceal(entry.address, subject, key)
    concerned = subject_of(entry.object_kind, entry.object_id)
    if concerned is not None:
        key = key_for_writing(concerned)
        entry.object_label = conceal(entry.object_label, concerned, key)
        entry.before = conceal_fields(entry.before, concerned, key)
        entry.after = conceal_fields(entry.after, concerned, key)


def changed_fields(
    before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return both sides reduced to the fields that differ, for a short entry."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )
