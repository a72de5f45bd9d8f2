"""The governed objects behind changes: locking them, and seeing whether they moved."""

from collections.abc import Sequence

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection

from governance.appliers import applier_for
from governance.models import Change


def lock_targets(targets: Sequence[tuple[str, str]]) -> None:
    """Hold each (kind, target id) until the transaction ends, always in the same order.

    Two requests about one object then look at its base one after the other. Rows of requests are
    locked before, never after: whoever decides about a request holds its row and comes here next.
    """
    for kind, target_id in sorted(set(targets)):
        _hold(f"{kind}/{target_id}")


def take_turns(what: str, which: str = "") -> None:
    """Let those who ask for the same thing ask one after the other, until the transaction ends.

    For "is it asked for already? if not, ask": it is taken first, before any request's row and
    before `lock_targets`, and nobody who holds one of these ever waits for it.
    """
    _hold(f"asking/{what}/{which}")


def _hold(name: str) -> None:
    """Advisory locks belong to the database, so the schema is part of the name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/' || %s, 0))",
            [name],
        )


def live_version(kind: str, target_id: str) -> str:
    """Return a target's live version as text, "" when the target is gone. Raises UnknownKind."""
    applier = applier_for(kind)
    try:
        return str(applier.base_version(target_id))
    except ObjectDoesNotExist:
        return ""


def moved_targets(changes: Sequence[Change]) -> list[str]:
    """Return a sentence for each change whose base is no longer the live version."""
    return [
        f"{change.target_label} has changed since: it was written against "
        f"{_version(change.base_version)}, and {_version(now)} is live."
        for change in changes
        if (now := live_version(change.kind, change.target_id)) != change.base_version
    ]


def _version(text: str) -> str:
    # Some kinds name a version by its hash; a dozen digits are enough to tell two apart.
    return f"version {text[:12]}" if text else "nothing"
