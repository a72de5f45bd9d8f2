"""Impact previews: asked for with every proposal, made in the background, bound to signatures.

A preview stands with its change. Its digest is part of what is signed (`stored_hash`) once it
is there; a preview of another content or base counts as out of date and is made anew.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from governance.actions import IMPACT_ASKED, IMPACT_FOUND
from governance.actors import Actor
from governance.bell import ring_bell
from governance.errors import BadTransition, SignatureRefused
from governance.impact import (
    Assessor,
    NotAssessable,
    Tally,
    assessor_of,
    digest_of,
)
from governance.models import Change, ChangeRequest
from governance.services.requests import (
    basis_of,
    load_request,
    record_step,
    stored_hash,
    void_signatures,
)

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=150)
MOST_SECONDS: Final = 90.0
MOST_STARTS: Final = 3
Stop = Callable[[], bool]


class Stopped(Exception):
    """The worker is asked to stop: another one starts the preview over."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a change's preview stands.

    state: none (it touches no record), waiting, running, ready, stale or failed.
    bound: its digest is part of what is signed.
    """

    state: str
    done: int = 0
    total: int = 0
    reason: str = ""
    bound: bool = False

    @property
    def is_going(self) -> bool:
        """Whether it is still to come by itself."""
        return self.state in ("waiting", "running")


def standing_of(change: Change, changes: Sequence[Change]) -> Standing:
    """Return how the preview of a change stands among all changes of its request."""
    if assessor_of(change.kind) is None:
        return Standing("none")
    progress = change.impact_progress
    if change.impact_due_at is not None:
        state = "running" if progress.get("total") else "waiting"
        return Standing(state, int(progress.get("done", 0)), int(progress.get("total", 0)))
    if reason := str(progress.get("failed", "")):
        return Standing("failed", reason=reason)
    if change.impact is None:
        return Standing("failed", reason="It has not been made.")
    fresh = change.impact.get("basis") == basis_of(change, changes)
    return Standing("ready" if fresh else "stale", bound=bool(change.impact_digest))


def ask(request: ChangeRequest, changes: Sequence[Change]) -> None:
    """Let previews be made of those changes that can be tried; in the caller's transaction."""
    wanted = [one for one in changes if assessor_of(one.kind) is not None]
    for change in wanted:
        change.impact_due_at = timezone.now()
        change.impact_progress = {}
        change.save(update_fields=["impact_due_at", "impact_progress"])
    if wanted:
        ring_bell()


@transaction.atomic
def ask_again(actor: Actor, request_id: int) -> ChangeRequest:
    """Make the previews of a request anew, where they are missing, failed or out of date.

    Signatures given stay unless the new one says something else. Raises NotPermitted,
    BadTransition, ChangeRequest.DoesNotExist.
    """
    request = load_request(actor, request_id, lock=True)
    if not actor.can("changes.propose", request.client_id):
        actor.require("changes.approve", request.client_id)
    if not request.is_open:
        raise BadTransition("This change is closed; its preview stays as it is.")
    changes = list(request.changes.all())
    again = [one for one in changes if standing_of(one, changes).state in ("failed", "stale")]
    if not again:
        raise BadTransition("The preview is up to date, or on its way.")
    ask(request, again)
    record_step(IMPACT_ASKED, request)
    return request


def refuse_without(changes: Sequence[Change]) -> None:
    """Raise SignatureRefused unless every change that can be tried has a fresh, bound preview."""
    for change in changes:
        standing = standing_of(change, changes)
        if problem := missing_in_words(standing):
            raise SignatureRefused(problem)


def lack_preview(changes: Sequence[Change]) -> bool:
    """Say whether `refuse_without` would refuse."""
    return any(missing_in_words(standing_of(one, changes)) for one in changes)


def is_pending(changes: Sequence[Change]) -> bool:
    """Say whether a preview is still being made, which becomes part of the content when it is
    there."""
    return any(standing_of(one, changes).is_going for one in changes)


def refuse_outdated(changes: Sequence[Change]) -> None:
    """Raise BadTransition where what was signed has no preview that still holds. A new one that
    says the same keeps the signatures; another makes them void."""
    for change in changes:
        standing = standing_of(change, changes)
        if standing.is_going:
            raise BadTransition("The impact preview is being made. Apply it when it is there.")
        if standing.state == "failed":
            raise BadTransition(
                f"There is no impact preview: {standing.reason} Make it again, then apply it."
            )
        if standing.state == "stale":
            raise BadTransition(
                "The impact preview is out of date. Make it again, then apply the change."
            )


def missing_in_words(standing: Standing) -> str:
    """Return why a preview does not allow a signature that needs one, "" when it does."""
    if standing.state == "none" or (standing.state == "ready" and standing.bound):
        return ""
    if standing.is_going:
        return "The impact preview is being made. Sign when it is there."
    if standing.state == "failed":
        return f"There is no impact preview: {standing.reason} Make it again, then sign."
    return "The impact preview is out of date. Make it again, then sign."


# --- in the background -------------------------------------------------------------------------


def work_due(
    *, stop: Stop = lambda: False, most: int | None = None, waited: timedelta = timedelta(0)
) -> int:
    """Make one preview that is due for `waited` or longer; return how many were made (0 or 1).

    most: records to try; by default `settings.IMPACT_RECORDS`.
    """
    change = _claim(timezone.now() - waited)
    if change is None:
        return 0
    assessor = assessor_of(change.kind)
    try:
        if assessor is None:
            _fail(change, "This kind of change is not known here any more.")
        else:
            _make(change, assessor, stop, settings.IMPACT_RECORDS if most is None else most)
    except Stopped:
        Change.objects.filter(pk=change.pk, impact_due_at=change.impact_due_at).update(
            impact_due_at=timezone.now()
        )
    except NotAssessable as problem:
        _fail(change, str(problem))
    except Exception:  # the boundary to code of other apps: logged, and told on the page
        logger.exception("the impact preview of change %s failed", change.pk)
        _fail(change, "An unexpected error stopped it.")
    return 1


def work_all() -> int:
    """Make every preview that is due; return how many. For the demo and tests: no queue."""
    made = 0
    while work_due():
        made += 1
    return made


def _claim(moment: datetime) -> Change | None:
    """Take the preview that has waited longest, with a lease; one that killed its worker too
    often is given up."""
    with transaction.atomic():
        due = Change.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            request__status__in=("draft", "submitted", "approved", "scheduled"),
            impact_due_at__lte=moment,
        )
        change = due.order_by("impact_due_at", "id").first()
        if change is None:
            return None
        starts = int(change.impact_progress.get("starts", 0)) + 1
        if starts > MOST_STARTS:
            _fail(change, "It was stopped three times before its end.")
            return None
        change.impact_due_at = timezone.now() + LEASE
        change.impact_progress = {"starts": starts}
        change.save(update_fields=["impact_due_at", "impact_progress"])
        return change


def _make(change: Change, assessor: Assessor, stop: Stop, most: int) -> None:
    began = monotonic()
    changes = list(Change.objects.filter(request_id=change.request_id))
    basis = basis_of(change, changes)
    tally = Tally()
    # PostgreSQL itself refuses whatever an assessor might write.
    with transaction.atomic():
        _read_only()
        assessment = assessor.assess(change, changes, most)
    batches = assessment.batches
    while True:
        with transaction.atomic():
            _read_only()
            batch = next(batches, None)
        if batch is None:
            break
        tally.add(batch)
        if stop():
            raise Stopped
        if not _say_progress(change, tally.tried, assessment.total):
            return  # edited, or taken over after the lease
        if monotonic() - began > MOST_SECONDS and tally.tried < assessment.total:
            assessment.notes.append(
                f"Only {tally.tried} of {assessment.total} records could be tried in time."
            )
            break
    report = {**tally.report(assessment.notes), "basis": basis, "most": most}
    _keep(change, {**report, "at": timezone.now().isoformat()})


def _read_only() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")


def _say_progress(change: Change, done: int, total: int) -> bool:
    """Write how far it is and hold the lease; False when it is somebody else's by now."""
    until = timezone.now() + LEASE
    progress = {**change.impact_progress, "done": done, "total": max(done, total)}
    held = Change.objects.filter(pk=change.pk, impact_due_at=change.impact_due_at)
    if not held.update(impact_due_at=until, impact_progress=progress):
        return False
    change.impact_due_at, change.impact_progress = until, progress
    return True


def _fail(change: Change, reason: str) -> None:
    Change.objects.filter(pk=change.pk).update(
        impact_due_at=None, impact_progress={"failed": reason}
    )


@transaction.atomic
def _keep(change: Change, report: dict[str, Any]) -> None:
    """Store a preview. Signatures that were given under another one become void."""
    request = ChangeRequest.objects.select_for_update().get(pk=change.request_id)
    changes = list(request.changes.all())
    kept = next((one for one in changes if one.pk == change.pk), None)
    if kept is None or kept.impact_due_at != change.impact_due_at or not request.is_open:
        return
    bound, digest = kept.impact_digest, digest_of(report)
    kept.impact, kept.impact_due_at, kept.impact_progress = report, None, {}
    given = request.approvals.filter(content_hash=request.content_hash)
    signed = request.solo or given.exists()
    if bound or not signed:
        kept.impact_digest = digest
    kept.save(update_fields=["impact", "impact_due_at", "impact_progress", "impact_digest"])
    record_step(
        IMPACT_FOUND,
        request,
        after={
            "change": kept.target_label,
            "digest": digest,
            "counts": report["counts"],
            "money": report["money"],
        },
    )
    if kept.impact_digest == bound:
        return
    if signed:
        void_signatures(request, changes, "The impact preview came out differently.")
        return
    request.content_hash = stored_hash(request, changes)
    request.save(update_fields=["content_hash", "updated_at"])
