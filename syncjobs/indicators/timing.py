"""How long the calls of a run took, step by step."""

from dataclasses import dataclass

from django.db.models import Avg, Count, Max, Min

from syncjobs.models import Attempt, Delivery, Run


@dataclass(frozen=True, slots=True)
class StepTime:
    """The calls of one step to one system; the times in milliseconds. `delivery`: any of its."""

    delivery: Delivery
    calls: int
    mean: int
    slowest: int


def step_times(run: Run) -> list[StepTime]:
    """Return the steps of a run that called a system, in the order in which they began."""
    rows = (
        Attempt.objects.filter(delivery__run=run, duration_ms__gt=0)
        .values("delivery__step", "delivery__connection_id")
        .annotate(
            calls=Count("pk"),
            mean=Avg("duration_ms"),
            slowest=Max("duration_ms"),
            first=Min("delivery_id"),
        )
        .order_by("first")
    )
    found = list(rows)
    deliveries = Delivery.objects.select_related("connection", "workflow_version").in_bulk(
        [one["first"] for one in found]
    )
    return [
        StepTime(deliveries[one["first"]], one["calls"], round(one["mean"]), one["slowest"])
        for one in found
    ]
