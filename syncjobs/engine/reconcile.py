"""Makes the comparisons of a workflow: reads both sides, keeps totals, raises what differs."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from syncjobs.connectors.errors import Config, ConnectorError
from syncjobs.crashpoints import reach
from syncjobs.engine.definition import Comparison, Side
from syncjobs.engine.flows import definition_of
from syncjobs.engine.halfway import Found, keep, kept_in
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_workflow
from syncjobs.engine.live import LiveMappings, map_in
from syncjobs.engine.schedules import AGAIN, UNFINISHED, next_firing
from syncjobs.engine.systems import Systems
from syncjobs.engine.transitions import move_row
from syncjobs.models import CanonicalRecord, Connection, Delivery, Run, Workflow
from syncjobs.services.catalogue import WITHDRAWN
from syncjobs.state import DELIVERY, ISSUE, RUN
from syncjobs.totals import ZERO, Entry, Matching, PeriodTotals

logger = logging.getLogger(__name__)
DIFFERS: Final = "control_total_off"
# It waits, is held or was refused; or it was withdrawn after it was written, and a person decides.
_NOT_YET: Final = Q(state__in=sorted(DELIVERY.open))
_WITHDRAWN: Final = Q(issue__kind=WITHDRAWN, issue__state__in=sorted(ISSUE.open))
_PAGE: Final = 500
_KEPT_MARGINS: Final = 200
Stop = Callable[[], bool]


class _Stopped(Exception):
    """The worker is asked to end: the comparison is made again."""


def reconcile(run_id: int, systems: Systems, *, stop: Stop) -> None:
    """Make a run's comparisons and end it, green only when nothing differs.

    An error of a system ends it as failed; it is made again some minutes later. What the run
    before had through, when its worker died or a system failed, is not compared again.
    """
    run = Run.objects.select_related("workflow__client", "workflow_version").get(pk=run_id)
    assert run.workflow is not None
    assert run.workflow_version is not None
    result = kept_in(run, DIFFERS)
    try:
        for one in definition_of(run.workflow_version).comparisons:
            if one.name in result.ended:
                continue
            _compare(run, one, systems, result, stop)
            result.ended.append(one.name)
            keep(run, result)
            reach("reconcile.after_comparison")
    except _Stopped:
        _fail(run, "The worker was asked to end; the comparison is made again.", "")
        Workflow.objects.filter(pk=run.workflow.pk).update(next_run_at=timezone.now())
    except ConnectorError as error:
        _fail(run, error.message, error.kind)
    else:
        _settle(run, result)


def _compare(run: Run, one: Comparison, systems: Systems, result: Found, stop: Stop) -> None:
    matching = Matching()
    for data in _records(run, one.source, systems, result, stop):
        if one.cost:
            _count_cost(result, one, data)
        if _counts(one.source, data):
            matching.source(_entry(one, data))
    for data in _records(run, one.target, systems, result, stop):
        if _counts(one.target, data):
            matching.target(_entry(one, data))
    for place, amount in matching.billed.items():
        result.billed[place] += amount
    late = _told_of(run, one, [*matching.missing(), *matching.changed()], _NOT_YET)
    withdrawn = _told_of(run, one, [*matching.extra()], _WITHDRAWN)
    periods = matching.totals(late | withdrawn)
    for period, totals in periods.items():
        result.told.append(_told(one, period, totals))
        if totals.differing:
            result.issues.append(_issue(run, one, period, totals))


def _records(
    run: Run, side: Side, systems: Systems, result: Found, stop: Stop
) -> Iterator[Mapping[str, Any]]:
    """Yield a side's records as canonical data; one that its mapping refuses is an exception of
    the usual reading already."""
    live = LiveMappings(run.client_id).get(side.mapping)
    if live is None:
        raise Config(f"There is no published mapping {side.mapping}.")
    connection = Connection.objects.get(pk=side.connection_id)
    for page in systems.open(connection).read(side.object, None, page_size=_PAGE):
        result.read += len(page.records)
        Run.objects.filter(pk=run.pk).update(read=result.read)
        # As long as pages come, nobody takes this one for dead.
        Workflow.objects.filter(runs=run).update(next_run_at=timezone.now() + AGAIN)
        for record in page.records:
            if not record.deleted:
                yield from map_in(live, record.data).records.values()
        if stop():
            raise _Stopped


def _counts(side: Side, data: Mapping[str, Any]) -> bool:
    return all(data.get(field_) in values for field_, values in side.where)


def _entry(one: Comparison, data: Mapping[str, Any]) -> Entry:
    return Entry(
        key=str(data["number"]),
        period=str(data.get(one.period) or "")[:7],
        project=str(data.get("project") or ""),
        amount=Decimal(str(data.get("amount") or 0)),
    )


def _count_cost(result: Found, one: Comparison, data: Mapping[str, Any]) -> None:
    """Approved hours cost money, billable or not."""
    if data.get("status") in ("approved", "invoiced") and data.get("resource"):
        place = (str(data.get(one.period) or "")[:7], str(data["project"]), str(data["resource"]))
        result.hours[place] += Decimal(str(data.get("hours") or 0))


def _told_of(run: Run, one: Comparison, keys: list[str], why: Q) -> set[str]:
    """Return those of the records whose deliveries tell elsewhere already why they differ."""
    found: set[str] = set()
    for start in range(0, len(keys), 1000):
        rows = Delivery.objects.filter(
            why,
            client_id=run.client_id,
            origin__type=one.type,
            origin__key__in=keys[start : start + 1000],
        )
        found.update(rows.values_list("origin__key", flat=True))
    return found


def _told(one: Comparison, period: str, totals: PeriodTotals) -> dict[str, object]:
    return {
        "name": one.label,
        "period": period,
        "source": totals.source.told(),
        "target": totals.target.told(),
        "explained": totals.explained.told(),
        "difference": str(totals.difference),
        "differing": totals.differing,
        "keys": totals.keys,
    }


def _issue(run: Run, one: Comparison, period: str, totals: PeriodTotals) -> Occurrence:
    named = ", ".join(totals.keys) + (" …" if totals.differing > len(totals.keys) else "")
    text = (
        f"{totals.source.count} records of {totals.source.sum} in the source, "
        f"{totals.target.count} of {totals.target.sum} in the target, "
        f"{totals.explained.sum} explained. Look at: {named}."
    )
    cause = Cause(
        kind=DIFFERS,
        client_id=run.client_id,
        same=(run.workflow_id, one.name, period),
        detail={
            "what": one.label,
            "period": period,
            "difference": str(totals.difference),
            "differing": totals.differing,
            "message": text,
        },
        workflow_id=run.workflow_id,
    )
    return Occurrence(cause, text)


def _margins(run: Run, result: Found) -> list[dict[str, object]]:
    """Return billed less cost per period and project; a person without a known cost is counted."""
    people = {person for _, _, person in result.hours}
    rows = CanonicalRecord.objects.filter(
        client_id=run.client_id, type="resource", key__in=people, deleted=False
    )
    rates = {row.key: row.data.get("cost_rate") for row in rows}
    cost: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    unknown: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for (period, project, person), hours in result.hours.items():
        rate = rates.get(person)
        if rate is None:
            unknown[period, project] += hours
        else:
            cost[period, project] += hours * Decimal(str(rate))
    places = sorted({*result.billed, *cost, *unknown}, reverse=True)[:_KEPT_MARGINS]
    return [
        {
            "period": place[0],
            "project": place[1],
            "billed": str(result.billed.get(place, ZERO)),
            "cost": str(cost[place].quantize(Decimal("0.01"))),
            "margin": str((result.billed.get(place, ZERO) - cost[place]).quantize(Decimal("0.01"))),
            "hours_without_cost": str(unknown[place]),
        }
        for place in places
    ]


def _ended(run: Run) -> bool:
    """Say whether another worker took this one for dead and has ended the run: what it says then
    stays, and what this one found is made again by its next time."""
    if run.state == RUN.start:
        return False
    logger.info("run %s has been ended elsewhere; its comparison is left out", run.pk)
    return True


@transaction.atomic
def _settle(run: Run, result: Found) -> None:
    assert run.workflow is not None
    row = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if _ended(row):
        return
    rows = Workflow.objects.select_for_update(of=("self",)).select_related("client")
    workflow = rows.get(pk=run.workflow.pk)
    raised = raise_issues(result.issues)
    settle_workflow(workflow.pk, DIFFERS, keep=raised.values())
    settle_workflow(workflow.pk, UNFINISHED, keep=())
    differing = sum(bool(one["differing"]) for one in result.told)
    detail = {"comparisons": result.told, "margins": _margins(run, result)}
    told = (
        f"{differing} of {len(result.told)} totals differ; see the exceptions."
        if differing
        else f"All {len(result.told)} totals are equal; {result.read} records were compared."
    )
    move = "settle_partly" if differing else "settle_well"
    move_row(row, RUN, move, message=told, detail=detail, read=result.read, ended_at=timezone.now())
    Workflow.objects.filter(pk=workflow.pk).update(next_run_at=next_firing(workflow))


@transaction.atomic
def _fail(run: Run, text: str, kind: str) -> None:
    row = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if _ended(row):
        return
    move_row(row, RUN, "settle_badly", message=text, error_class=kind, ended_at=timezone.now())
