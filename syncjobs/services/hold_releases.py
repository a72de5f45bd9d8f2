"""Letting holds go: at once with a reason, or, where their gate asks for approval, by a change
request that others sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.deadlocks import again_after_deadlock
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services import audit
from governance.services.changes import ProposedChange, propose
from governance.state import OPEN
from syncjobs import actions
from syncjobs.engine.doorbell import ring
from syncjobs.engine.issues import note
from syncjobs.engine.release import lock_to_release
from syncjobs.engine.runs import refresh_runs
from syncjobs.engine.transitions import move_row
from syncjobs.gates import APPROVE, then_of
from syncjobs.models import Delivery, Hold, IssueEntry
from syncjobs.services.workflow_changes import writes_money
from syncjobs.state import DELIVERY
from syncjobs.telling.kinds import HOLD_RELEASED
from syncjobs.telling.moves import tell_holds

KIND: Final = "hold_release"


@dataclass(frozen=True, slots=True)
class Released:
    """How many holds were let go, and the request by which others are asked for."""

    count: int = 0
    request: ChangeRequest | None = None


def release_hold(actor: Actor, hold: Hold, *, reason: str) -> Released:
    """Let a held delivery pass one gate, on somebody's word. Raises as `release_holds`."""
    return release_holds(actor, [hold], reason=reason)


@again_after_deadlock
@transaction.atomic
def release_holds(actor: Actor, holds: Sequence[Hold], *, reason: str) -> Released:
    """Let held deliveries of one client pass on somebody's word; those whose gate asks for
    approval are asked for in one change request.

    Raises NotPermitted; ValidationError without a reason, for a hold that has ended, for one that
    was asked for already, and for who may not ask.
    """
    for client_id in {hold.client_id for hold in holds}:
        actor.require("exceptions.work", client_id)
    if not reason.strip():
        raise ValidationError("Say why it may pass.")
    asked = [hold for hold in holds if needs_approval(hold)]
    _let_go([hold for hold in holds if hold not in asked], actor.label, reason)
    return Released(len(holds) - len(asked), _ask(actor, asked, reason) if asked else None)


def needs_approval(hold: Hold) -> bool:
    """Say whether others must sign before this is let go by hand."""
    version = hold.delivery.workflow_version
    gates: list[Mapping[str, object]] = [
        gate
        for step in version.definition.get("steps", ())
        if step["name"] == hold.delivery.step
        for gate in step.get("gates", ())
    ]
    return any(gate["name"] == hold.gate and then_of(gate) == APPROVE for gate in gates)


def asked_for(holds: Sequence[Hold]) -> int | None:
    """Return the open change request that asks for the release of one of these."""
    wanted = [str(hold.pk) for hold in holds]
    waiting = Change.objects.filter(
        kind=KIND, target_id__in=wanted, request__status__in=sorted(OPEN)
    )
    return waiting.order_by("-request_id").values_list("request_id", flat=True).first()


def _ask(actor: Actor, holds: Sequence[Hold], reason: str) -> ChangeRequest:
    if (asked := asked_for(holds)) is not None:
        raise ValidationError(f"It was asked for already: others have to sign request {asked}.")
    if any(hold.released_at is not None for hold in holds):
        raise ValidationError("This hold has ended already.")
    first, others = holds[0], len(holds) - 1
    more = f" and {others} more" if others else ""
    request = propose(
        actor,
        title=f"Release {first.delivery.record.key}{more}: {first.missing}"[:200],
        reason=reason,
        needs="exceptions.work",
        changes=[
            ProposedChange(
                KIND,
                str(hold.pk),
                f"{hold.kind}: {hold.delivery.record.key}",
                {"delivery": hold.delivery_id, "missing": hold.missing, "reason": reason},
                hold.client_id,
            )
            for hold in holds
        ],
    )
    for issue_id in sorted({one.delivery.issue_id for one in holds if one.delivery.issue_id}):
        said = f"Asked in request {request.pk} for its release: {reason}"
        note(issue_id, IssueEntry.Kind.DECISION, said, actor.label)
    return request


def _let_go(holds: Sequence[Hold], label: str, reason: str) -> None:
    """Locks are taken in the order of the engine's: deliveries, the lock to release, runs, bell."""
    found = Delivery.objects.filter(pk__in={hold.delivery_id for hold in holds})
    locked = found.select_for_update(of=("self",)).select_related("record").order_by("pk")
    rows = {row.pk: row for row in locked}
    for hold in holds:
        _let_one_go(hold, rows[hold.delivery_id], label, reason)
    lock_to_release()
    refresh_runs(row.run_id for row in rows.values() if row.run_id is not None)
    ring()


def _let_one_go(hold: Hold, row: Delivery, label: str, reason: str) -> None:
    locked = Hold.objects.select_for_update().get(pk=hold.pk)
    if locked.released_at is not None:
        raise ValidationError("This hold has ended already.")
    locked.released_at = timezone.now()
    locked.released_by, locked.reason = label[:200], reason
    locked.save(update_fields=["released_at", "released_by", "reason"])
    tell_holds(HOLD_RELEASED, [(locked.client_id, locked.pk, row.pk, locked.gate)])
    if DELIVERY.may(row.state, "release"):
        move_row(
            row,
            DELIVERY,
            "release",
            watch=[],
            not_before=timezone.now(),
            updated_at=timezone.now(),
            released_gates=[*row.released_gates, locked.gate],
        )
    if row.issue_id is not None:
        said = f"Released {row.record.key}: {reason}"
        note(row.issue_id, IssueEntry.Kind.DECISION, said, label)
    audit.record(
        actions.DELIVERY_RELEASED,
        object_kind="delivery",
        object_id=row.pk,
        object_label=f"{row.step}: {row.record.key}",
        client_id=row.client_id,
        after={"gate": locked.gate, "missing": locked.missing},
        reason=reason,
    )


def _hold(target_id: str) -> Hold:
    rows = Hold.objects.select_related("delivery__record", "delivery__workflow_version")
    return rows.get(pk=int(target_id))


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    """What has let go by itself meanwhile needs nobody any more."""
    require_permit(KIND, change.target_id)
    hold = _hold(change.target_id)
    if hold.released_at is not None:
        return {"released": False}
    _let_go([hold], change.request.author_label, str(change.content["reason"]))
    return {"released": True}


def _diff(change: Change) -> list[DiffLine]:
    content: Mapping[str, Any] = change.content
    key = _hold(change.target_id).delivery.record.key
    return [
        DiffLine("-", f"{key} is on hold: missing {content['missing']}"),
        DiffLine("+", f"{key} goes out without it: {content['reason']}"),
    ]


def _risk(change: Change) -> Risk:
    hold = _hold(change.target_id)
    money = writes_money(hold.delivery.workflow_version.definition)
    return Risk(touches_money=money, notes=(hold.message,) if hold.message else ())


def _base(target_id: str) -> str:
    """A newer version of the record is not what was looked at."""
    hold = _hold(target_id)
    return "" if hold.released_at is not None else f"{hold.delivery.record_version}"


HOLD_RELEASE: Final = Applier(
    kind=KIND,
    label="Release of a hold",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    permission="exceptions.work",
)
