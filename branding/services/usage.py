"""Counting what is billable, and reading it back.

The engine counts the first successful delivery of a record's version, in that delivery's
own transaction. What the platform caused (retries, replays, unchanged records, echoes) is
never given to `count_deliveries`, so it is never billable.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, QuerySet, Sum

from branding.commercial.meters import DELIVERIES, require_meter
from branding.commercial.months import Month
from branding.models import UsageDay


@dataclass(frozen=True, slots=True)
class UsageCount:
    """Something billable that just happened; `day` is a day of the client's time zone."""

    client_id: int
    workflow_id: int
    workflow_label: str
    meter: str
    day: date
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class WorkflowUsage:
    """What one workflow used in a month, under its latest name."""

    workflow_id: int
    label: str
    quantity: int


_UPSERT = f"""
INSERT INTO {UsageDay._meta.db_table} AS kept
    (client_id, day, workflow_id, meter, workflow_label, quantity)
SELECT * FROM unnest(
    %s::bigint[], %s::date[], %s::bigint[], %s::text[], %s::text[], %s::bigint[]
)
ON CONFLICT (client_id, day, workflow_id, meter) DO UPDATE
SET quantity = kept.quantity + excluded.quantity, workflow_label = excluded.workflow_label
"""  # noqa: S608  the table's name is our model's


def day_of(moment: datetime, time_zone: str) -> date:
    """Return the day that an aware moment falls on for a client of this zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def count_deliveries(rows: Sequence[UsageCount]) -> None:
    """Add to the counts with one statement, in the caller's transaction.

    Rows of one client, day, workflow and meter are added up first and written in one order,
    so that two callers wait for each other and never for ever. The counted rows stay locked
    until the caller commits: call it last. Raises ValueError for an unknown meter or a
    quantity below one.
    """
    sums: dict[tuple[int, date, int, str], int] = defaultdict(int)
    labels: dict[tuple[int, date, int, str], str] = {}
    for row in rows:
        require_meter(row.meter)
        if row.quantity < 1:
            raise ValueError("Usage is counted in whole numbers from one up.")
        key = (row.client_id, row.day, row.workflow_id, row.meter)
        sums[key] += row.quantity
        labels[key] = row.workflow_label[:120]
    if not sums:
        return
    keys = sorted(sums)
    columns = [list(column) for column in zip(*keys, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT, [*columns, [labels[key] for key in keys], [sums[key] for key in keys]]
        )


def used_by_day(
    client_ids: Iterable[int], month: Month, meter: str = DELIVERIES
) -> dict[int, dict[date, int]]:
    """Return client id → day → quantity, with one query; an empty dict for no usage."""
    found: dict[int, dict[date, int]] = {client_id: {} for client_id in client_ids}
    rows = (
        _rows(found, month, meter)
        .values_list("client_id", "day")
        .annotate(quantity=Sum("quantity"))
        .order_by("client_id", "day")
    )
    for client_id, day, quantity in rows:
        found[client_id][day] = quantity
    return found


def used_by_workflow(client_id: int, month: Month, meter: str = DELIVERIES) -> list[WorkflowUsage]:
    """Return what each workflow used, the largest first."""
    rows = (
        _rows([client_id], month, meter)
        .values("workflow_id")
        .annotate(quantity=Sum("quantity"), label=Max("workflow_label"))
        .order_by("-quantity", "workflow_id")
    )
    return [WorkflowUsage(row["workflow_id"], row["label"], row["quantity"]) for row in rows]


def _rows(
    client_ids: Iterable[int] | Mapping[int, object], month: Month, meter: str
) -> QuerySet[UsageDay]:
    return UsageDay.objects.filter(
        client_id__in=list(client_ids), meter=meter, day__range=(month.first, month.last)
    )
