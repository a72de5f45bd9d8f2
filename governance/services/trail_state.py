"""How the trail of the schema that is entered stands: sealed and anchored up to when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from governance import keys
from governance.actors import Actor
from governance.models import AuditAnchor, AuditEntry
from governance.services.seals import last_seal
from governance.services.verifying import fingerprint
from governance.sinks import PlaceStanding, place_standings
from governance.statements import statement_from


@dataclass(frozen=True, slots=True)
class TrailState:
    """What people can ask of a trail without checking it. waiting: entries in no seal yet.

    places: the further places of anchors, for the partner's own people.
    """

    entries: int
    seals: int
    waiting: int
    sealed_until: datetime | None
    anchored_until: datetime | None
    key: str
    fingerprint: str
    places: Sequence[PlaceStanding] = ()


def trail_state(actor: Actor) -> TrailState:
    """Return how the trail stands. Raises NotPermitted."""
    actor.require("audit.view")
    seal, anchor = last_seal(), AuditAnchor.objects.order_by("-id").first()
    last = statement_from(seal.statement) if seal else None
    key = keys.known_public_keys(str(connection.schema_name))[0]  # type: ignore[attr-defined]  # the tenant backend's
    return TrailState(
        entries=last.total if last else 0,
        seals=last.number if last else 0,
        waiting=AuditEntry.objects.filter(pk__gt=last.top if last else 0).count(),
        sealed_until=datetime.fromtimestamp(last.at, tz=UTC) if last else None,
        anchored_until=anchor.at if anchor else None,
        key=key,
        fingerprint=fingerprint(key),
        places=place_standings() if actor.client_id is None else (),
    )
