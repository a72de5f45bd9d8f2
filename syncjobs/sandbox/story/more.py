"""What a firm keeps in its further systems: staffing, contracts, support."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.story.month import Month
from syncjobs.sandbox.story.people import CENT
from syncjobs.sandbox.story.rows import Row, ends, starts

HOURS = Decimal(160)


def people(month: Month) -> list[Row]:
    """Everybody who is planned on something, with the hours that they have."""
    planned = {one.person.number: one.person for one in month.assignments}
    return [
        {
            "number": one.number,
            "name": f"{one.first} {one.last}",
            "email": one.email,
            "availableHours": str(3 * HOURS),
        }
        for one in planned.values()
    ]


def plans(month: Month) -> list[Row]:
    """Assignments as they are planned; nobody has given the last one its job code yet."""
    found = []
    for number, one in enumerate(month.assignments, 1):
        grade = one.person.role.grade
        found.append(
            {
                "number": one.number,
                "projectCode": one.project,
                "personNumber": one.person.number,
                "role": one.person.role.name,
                "jobCode": None if number == len(month.assignments) else f"JC-{grade}",
                "startDate": month.first.isoformat(),
                "endDate": (month.following + dt.timedelta(days=89)).isoformat(),
                "plannedHours": str((HOURS * (1 + number % 3)).quantize(CENT)),
                "costRate": str(one.person.role.cost),
                "billRate": str(one.rate),
                "currency": month.firm.currency,
            }
        )
    return found


def agreements(month: Month) -> list[Row]:
    """What was signed for running work, in the words of the contract system."""
    return [
        {
            "number": f"CT-{one.number}",
            "title": one.name,
            "customerNumber": one.customer,
            "projectCode": one.code,
            "currency": month.firm.currency,
            "agreedValue": str(one.value),
            "agreedEnd": ends(month, one).isoformat(),
            "budgetHours": f"{int(one.value / 150)}.00",
            "billingRule": "milestone" if one.fixed_price else "monthly",
            "timeObligation": f"OB-{one.number}-T",
            "milestoneObligation": f"OB-{one.number}-M",
            "renewalOn": (starts(month, one) + dt.timedelta(days=360)).isoformat(),
        }
        for one in month.firm.engagements
        if one.state == "running"
    ]


def cases(month: Month) -> list[Row]:
    """A case for each running engagement; the first customer has lost patience."""
    running = [one for one in month.firm.engagements if one.state == "running"]
    return [
        {
            "number": f"CS-{one.number}",
            "subject": f"Question about {one.name[:1].lower()}{one.name[1:]}",
            "customerNumber": one.customer,
            "projectCode": one.code,
            "severity": "high" if one is running[0] else "normal",
            "status": "escalated" if one is running[0] else "open",
        }
        for one in running
    ]


def feed_more(systems: Mapping[str, SandboxClient], month: Month) -> int:
    """Fill the further systems; returns how many records were new (0 on a second run)."""
    for one in systems.values():
        one.control("profile", name=month.firm.name)
    return (
        systems["staffing"].bulk("people", people(month))
        + systems["staffing"].bulk("assignments", plans(month))
        + systems["contracts"].bulk("agreements", agreements(month))
        + systems["support"].bulk("cases", cases(month))
    )


def do_more_work(systems: Mapping[str, SandboxClient], month: Month) -> None:
    """Legal amends and renews, finance closes the month's revenue; a second time nothing."""
    # Not in the order of their changes: the same two each time it is told.
    agreed = sorted(systems["contracts"].pages("agreements"), key=lambda one: str(one["number"]))
    first, second, *_ = agreed
    if first["termsVersion"] == 1:
        more = Decimal(first["agreedValue"]) * Decimal("1.1")
        systems["contracts"].control(
            "amend",
            number=first["number"],
            agreedValue=str(more.quantize(CENT)),
            budgetHours=str((Decimal(first["budgetHours"]) + 40).quantize(CENT)),
        )
    if second["termsVersion"] == 1:
        until = dt.date.fromisoformat(second["agreedEnd"]) + dt.timedelta(days=365)
        systems["contracts"].control(
            "renew",
            number=second["number"],
            until=until.isoformat(),
            on=month.following.isoformat(),
            renewalOn=(until - dt.timedelta(days=60)).isoformat(),
        )
    closed = month.following.replace(day=6).isoformat()
    systems["revenue"].control("recognise", period=month.period, on=closed)
