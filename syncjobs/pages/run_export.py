"""A run's records as a table to download."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.http import HttpRequest, HttpResponse

from syncjobs.indicators.stakes import stake_of
from syncjobs.models import Delivery, Run
from syncjobs.pages.frame import one_of
from syncjobs.pages.runs import searched
from syncjobs.templatetags.words import kind_label, step_label
from tenants.tables.listed import MOST, rows_file

HEADINGS: Final = (
    "Record",
    "Kind",
    "Because of",
    "Step",
    "System",
    "State",
    "Why",
    "Amount",
    "Currency",
    "Tries",
    "Ended (UTC)",
)


def run_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Return what the page lists, as it is filtered there: CSV, or .xlsx by `format`."""
    run = one_of(request, Run.objects.all(), pk)
    rows = run.deliveries.select_related("record", "origin", "connection", "workflow_version")
    chosen = searched(request, rows).order_by("-id")

    def cells(found: Sequence[Delivery]) -> Iterable[list[object]]:
        return map(_cells, found)

    return rows_file(
        request, f"run-{run.pk}", chosen, HEADINGS, cells, client_id=run.client_id, most=MOST
    )


def _cells(delivery: Delivery) -> list[object]:
    worth = stake_of(delivery)
    ended = delivery.finished_at
    return [
        delivery.record.key,
        kind_label(delivery.record.type),
        delivery.origin.key,
        step_label(delivery),
        str(delivery.connection),
        delivery.get_state_display(),
        delivery.error_text or delivery.outcome,
        worth.amount if worth else "",
        worth.currency if worth else "",
        delivery.attempts,
        f"{ended:%Y-%m-%d %H:%M:%S}" if ended else "",
    ]
