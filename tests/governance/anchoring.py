"""What tests of anchors share: something to anchor, and where it was anchored."""

from datetime import timedelta

from governance.actions import CHANGE_PROPOSED
from governance.models import AuditAnchor
from governance.services import audit
from tenants.services.trails import seal_here


def note() -> None:
    audit.record_many([audit.EntryDraft(CHANGE_PROPOSED, "lamp", 1)])


def sealed() -> None:
    note()
    # Whatever other tests have anchored a moment ago.
    assert seal_here(anchor_every=timedelta(0)) >= 1


def places() -> set[str]:
    return set(AuditAnchor.objects.values_list("place", flat=True))
