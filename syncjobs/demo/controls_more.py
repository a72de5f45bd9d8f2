"""Control totals of a firm's further systems, read from the systems themselves."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from syncjobs.demo.money import ByProject, Control
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.story.people import CENT


def audit_more(systems: Mapping[str, SandboxClient]) -> list[Control]:
    """Demand, plan, evidence and recognised revenue, each against where it comes from."""
    projects = {one["Code"]: one for one in systems["psa"].pages("projects")}
    evidence = list(systems["revenue"].pages("evidence"))
    return [
        _demand(systems["crm"].pages("opportunities"), systems["staffing"].pages("requests")),
        _plan(systems["staffing"].pages("assignments"), projects),
        _evidence_of_time(systems["psa"].pages("timeEntries"), evidence),
        _recognised(evidence, systems["revenue"].pages("recognitions")),
    ]


def _demand(
    opportunities: Iterable[Mapping[str, Any]], requests: Iterable[Mapping[str, Any]]
) -> Control:
    """Whom the sold work needs, at its price."""
    sold: ByProject = defaultdict(Decimal)
    for one in opportunities:
        for role in one.get("roles") or ():
            sold[one["projectCode"]] += Decimal(role["hours"]) * Decimal(role["rate"])
    asked: ByProject = defaultdict(Decimal)
    for one in requests:
        asked[one["projectCode"]] += Decimal(one["plannedHours"]) * Decimal(one["billRate"])
    return Control("Demand, told to staffing", "assignment", dict(sold), dict(asked))


def _plan(
    assignments: Iterable[Mapping[str, Any]], projects: Mapping[str, Mapping[str, Any]]
) -> Control:
    planned: ByProject = defaultdict(Decimal)
    for one in assignments:
        cost = Decimal(one["plannedHours"]) * Decimal(one["costRate"])
        planned[one["projectCode"]] += cost.quantize(CENT, ROUND_HALF_UP)
    told = {
        code: Decimal(one["PlannedCost"])
        for code, one in projects.items()
        if one.get("PlannedCost")
    }
    return Control("Planned cost, told to the PSA", "assignment", dict(planned), told)


def _evidence_of_time(
    entries: Iterable[Mapping[str, Any]], evidence: Iterable[Mapping[str, Any]]
) -> Control:
    worked: ByProject = defaultdict(Decimal)
    for one in entries:
        if one["Billable"] and one.get("ApprovedAt"):
            amount = Decimal(one["Hours"]) * Decimal(one["Rate"])
            worked[one["ProjectCode"]] += amount.quantize(CENT, ROUND_HALF_UP)
    told: ByProject = defaultdict(Decimal)
    for one in evidence:
        if one["kind"] == "time":
            told[one["projectCode"]] += Decimal(one["amount"])
    return Control("Time, told to revenue", "revenue_event", dict(worked), dict(told))


def _recognised(
    evidence: Iterable[Mapping[str, Any]], recognitions: Iterable[Mapping[str, Any]]
) -> Control:
    """What the engine has recognised, of the work of the periods that it has closed."""
    closed: ByProject = defaultdict(Decimal)
    periods = set()
    for one in recognitions:
        periods.add(one["period"])
        closed[one["projectCode"]] += Decimal(one["amount"])
    earned: ByProject = defaultdict(Decimal)
    for one in evidence:
        if one["kind"] != "invoice" and one["occurredOn"][:7] in periods:
            earned[one["projectCode"]] += Decimal(one["amount"])
    return Control("Revenue of closed periods", "revenue_event", dict(earned), dict(closed))
