"""What sending the records of exceptions again comes to, before it is done."""

from django.db.models import Prefetch, QuerySet

from syncjobs.models import CanonicalRecord, Delivery, Issue
from syncjobs.services import anew
from syncjobs.services.deliveries import verdicts_of
from syncjobs.services.issues import MOST
from syncjobs.state import DELIVERY
from syncjobs.verdict import Preview, preview


def stopped(issue: Issue) -> QuerySet[Delivery]:
    """Return what an exception stops and what can be tried again."""
    return issue.deliveries.filter(state__in=DELIVERY.sources("retry"))


def judged(rows: QuerySet[Delivery]) -> Preview | None:
    """Return what trying all again comes to, judged by the latest `MOST`; None without any."""
    only_version = Prefetch("record", CanonicalRecord.objects.only("version"))
    latest = list(rows.prefetch_related(only_version).order_by("-id")[:MOST])
    return preview(verdicts_of(latest)) if latest else None


def judged_anew(gone: QuerySet[Delivery]) -> Preview | None:
    """Return what making all again comes to, of as many as are made at a time; None without."""
    found = list(gone.select_related("workflow_version").order_by("pk")[:MOST])
    return preview(anew.verdicts_anew(found)) if found else None
