"""For how long things are kept changes as everything does that is governed: by a signed request.
What was deleted by then does not come back, so keeping for shorter weakens a control."""

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import InvalidProposal
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services import audit
from governance.services.changes import ProposedChange, propose
from syncjobs import actions
from syncjobs.engine.objects import objects
from syncjobs.models import Retention

KIND: Final = "retention"
TARGET: Final = "days"
MOST_DAYS: Final = 3650
LEAST_DAYS: Final = 7
KINDS: Final[Mapping[str, str]] = {
    "payloads": "What sources sent, for each version of a record",
    "attempts": "What was sent to systems and answered by them",
    "messages": "Webhooks that were worked off",
    "readings": "Readings that brought nothing",
}


def own_days() -> dict[str, int]:
    """Return what this partner has set itself."""
    rows = objects(Retention, "true ORDER BY id LIMIT 1", {})
    return {key: int(days) for row in rows for key, days in row.days.items()}


def keep_days() -> dict[str, int]:
    """Return for how many days each kind is kept here; 0 for good."""
    return {**settings.KEEP_DAYS, **own_days()}


def propose_retention(
    actor: Actor, days: Mapping[str, int], *, reason: str, ticket: str = ""
) -> ChangeRequest:
    """Ask for kinds to be kept so many days; one that is left out, as the operator says.

    Raises NotPermitted, InvalidProposal.
    """
    actor.require("connections.manage", None)
    content = {"days": dict(sorted(days.items()))}
    _checked(content)
    if dict(days) == own_days():
        raise InvalidProposal("It is kept so already: nothing would change.")
    return propose(
        actor,
        title="Change for how long things are kept",
        reason=reason,
        ticket=ticket,
        changes=[ProposedChange(KIND, TARGET, "Retention", content)],
    )


def _checked(content: Mapping[str, object]) -> dict[str, int]:
    days = content.get("days")
    if not isinstance(days, dict) or set(days) - set(KINDS):
        raise InvalidProposal(f"Say how many days for: {', '.join(KINDS)}.")
    for key, number in days.items():
        fits = isinstance(number, int) and not isinstance(number, bool)
        if not fits or not (number == 0 or LEAST_DAYS <= number <= MOST_DAYS):
            raise InvalidProposal(
                f"{KINDS[key]}: write {LEAST_DAYS} to {MOST_DAYS} days, or 0 for good."
            )
    return {str(key): int(number) for key, number in days.items()}


def _after(change: Change) -> dict[str, int]:
    return {**settings.KEEP_DAYS, **_checked(change.content)}


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    before, wanted = own_days(), _checked(change.content)
    Retention.objects.update_or_create(pk=1, defaults={"days": wanted})
    audit.record(
        actions.RETENTION_SET,
        object_kind=KIND,
        object_id=TARGET,
        object_label="Retention",
        before={"days": before},
        after={"days": wanted},
    )
    return {"days": wanted}


def _span(days: int) -> str:
    return "for good" if days == 0 else f"{days} days"


def _diff(change: Change) -> list[DiffLine]:
    before, after = keep_days(), _after(change)
    lines = []
    for key, label in KINDS.items():
        if before[key] != after[key]:
            lines.append(DiffLine("-", f"{label}: {_span(before[key])}"))
        sign = " " if before[key] == after[key] else "+"
        lines.append(DiffLine(sign, f"{label}: {_span(after[key])}"))  # type: ignore[arg-type]  # one of the two
    return lines


def _risk(change: Change) -> Risk:
    before, after = keep_days(), _after(change)
    shorter = [key for key in KINDS if after[key] and not 0 < before[key] <= after[key]]
    notes = [
        f"{KINDS[key]}: deleted after {_span(after[key])}; it does not come back."
        for key in shorter
    ]
    return Risk(notes=tuple(notes), weakens=bool(shorter))


def _base(target_id: str) -> str:
    return json_hash(own_days())


def _snapshot(target_id: str) -> Mapping[str, object]:
    return {"days": own_days()}


def _revert(change: Change) -> Mapping[str, object] | None:
    days = (change.before or {}).get("days")
    return {"days": days} if isinstance(days, dict) else None


RETENTION: Final = Applier(
    kind=KIND,
    label="Retention",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    snapshot=_snapshot,
    revert=_revert,
    permission="connections.manage",
)
