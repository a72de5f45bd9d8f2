"""Requests that were ready and are so no more: a rule became stricter since they were signed.

They go back to waiting for signatures by themselves and say so. Signatures that were given stay,
unless the impact preview has to become part of what is signed: that is other content.
"""

from collections.abc import Sequence

from django.db import transaction

from governance.actions import CHANGE_REOPENED
from governance.actors import SYSTEM
from governance.errors import BadTransition
from governance.impact import digest_of
from governance.models import Change, ChangeRequest
from governance.notices import tell_waiting
from governance.requirements import Requirement, Signature, missing_signatures
from governance.services import impacts
from governance.services.independence import is_alone
from governance.services.policies import requirement_of
from governance.services.requests import load_request, move_request, record_step, void_signatures

_READY = ("approved", "scheduled")
_UNBOUND = "The rule asks for an impact preview now, which was not part of what was signed."
_UNSIGNED = "The rule asks for more signatures now. Those given so far still count."


class Unready(BadTransition):
    """The rule of the moment asks for more than an approved request has."""


def refuse_unready(
    request: ChangeRequest, changes: Sequence[Change], requirement: Requirement
) -> None:
    """Raise Unready unless the signatures that are needed now are there, under content that the
    impact preview is part of where one is asked for."""
    if why := _lacking(request, changes, requirement):
        raise Unready(why)


def reopen(request_id: int) -> ChangeRequest:
    """Let an approved request wait for signatures again where `refuse_unready` would refuse it;
    one that is ready, or not approved, stays as it is."""
    with transaction.atomic():
        request = load_request(SYSTEM, request_id, lock=True)
        changes = list(request.changes.all())
        if request.status not in _READY:
            return request
        requirement = requirement_of(request, changes)
        why = _lacking(request, changes, requirement)
        if not why:
            return request
        unbound = _unbound(changes) if requirement.impact else []
        if unbound:
            for change in unbound:
                change.impact_digest = digest_of(change.impact or {})
                change.save(update_fields=["impact_digest"])
            void_signatures(request, changes, why)
        else:
            move_request(request, "reopen")
            request.solo, request.scheduled_for, request.notice = False, None, why
            request.save()
            record_step(CHANGE_REOPENED, request, reason=why)
        tell_waiting(request)
        return request


def reopen_all() -> int:
    """Do so with every approved request, after a rule was changed; returns how many went back."""
    ready = ChangeRequest.objects.filter(status__in=_READY).order_by("pk")
    ids = list(ready.values_list("pk", flat=True))
    return sum(reopen(pk).status == "submitted" for pk in ids)


def _lacking(request: ChangeRequest, changes: Sequence[Change], requirement: Requirement) -> str:
    """Say what is lacking, "" when nothing is. Signatures are counted again: whoever was alone
    may be so no more."""
    if requirement.impact and _unbound(changes):
        return _UNBOUND
    given = request.approvals.filter(content_hash=request.content_hash)
    signatures = [Signature(one.person_key, one.client_id) for one in given]
    alone = request.solo and is_alone(request, requirement)
    missing = missing_signatures(requirement, signatures, alone=alone)
    return "" if missing.nothing else _UNSIGNED


def _unbound(changes: Sequence[Change]) -> list[Change]:
    """Return changes whose preview is there and up to date, and not part of what was signed."""
    standings = ((one, impacts.standing_of(one, changes)) for one in changes)
    return [one for one, standing in standings if standing.state == "ready" and not standing.bound]
