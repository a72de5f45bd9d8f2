"""Change requests of workflows that were written against an older content of a blueprint."""

from governance.actors import Actor
from governance.models import Change, ChangeRequest
from governance.services.withdrawing import withdraw_all
from governance.state import OPEN
from syncjobs.models import Blueprint
from syncjobs.services.workflows import KIND
from syncjobs.shipped import content_hash


def outdated(blueprint: Blueprint) -> str:
    """Say why a request that was written against another content of a blueprint can't go in."""
    now = f"it is in version {blueprint.version} now"
    return f"The blueprint has changed since this was proposed: {now}."


def withdraw_outdated(actor: Actor, blueprint: Blueprint) -> int:
    """Withdraw the open requests that were written against an older content of a blueprint, inside
    the caller's transaction; return how many. They could never go in, and each would keep the
    newer version from being proposed."""
    now = content_hash(blueprint.definition)
    open_ = Change.objects.filter(
        kind=KIND, content__blueprint=blueprint.slug, request__status__in=sorted(OPEN)
    )
    old = [
        change.request_id
        for change in open_
        # What comes back as an earlier version goes by that one's content.
        if not change.content.get("as_version") and change.content.get("blueprint_hash", now) != now
    ]
    found = ChangeRequest.objects.filter(pk__in=old)
    return withdraw_all(actor, found, comment=f"{outdated(blueprint)} Propose that instead.")
