"""The time entries of the bench: 15 nested fields each, 12 of them mapped."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any, Final

START: Final = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
RECORDS: Final = int(os.environ.get("BENCH_RECORDS", "10000"))
PAGE: Final = 200


def moment_of(second: int) -> str:
    """Return the moment so many seconds after the first, as the source writes it."""
    return (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def entry(number: int, second: int, *, notes: int = 0, hours: int = 0) -> dict[str, Any]:
    """Return one time entry. `notes`, `hours`: how often these were changed since."""
    day = number % 28 + 1
    return {
        "id": f"te_{number}",
        "number": f"TE-{number:07d}",
        "project": {"code": f"P-{number % 40:03d}", "name": f"Project {number % 40}"},
        "person": {"number": f"E-{number % 90:03d}", "name": f"Person {number % 90}"},
        "work": {
            "date": f"2026-02-{day:02d}",
            "hours": f"{number % 8 + 1 + hours}.50",
            "task": f"Task {number % 12}",
        },
        "price": {"rate": f"{90 + number % 60}.00", "currency": "EUR"},
        "approval": {"state": "Approved", "at": f"2026-03-01T08:{number % 60:02d}:00Z"},
        "billable": True,
        "notes": f"Worked on item {number}, note {notes}",
        "entity": "West",
        "updatedAt": moment_of(second),
    }


_IN: Final = {
    "number": "number",
    "project": "project.code",
    "resource": "person.number",
    "task": "work.task",
    "date": "work.date",
    "hours": "work.hours",
    "rate": "price.rate",
    "currency": "price.currency",
    "billable": "billable",
    "approved_at": "approval.at",
}
MAPPING_IN: Final[dict[str, Any]] = {
    "rules": [
        *({"id": name, "target": name, "source": path} for name, path in _IN.items()),
        {
            "id": "amount",
            "target": "amount",
            "expr": "round(mul(field('work.hours'), field('price.rate')), 2)",
        },
        {
            "id": "status",
            "target": "status",
            "source": "approval.state",
            "steps": [{"do": "table", "table": {"Draft": "draft", "Approved": "approved"}}],
            "required": True,
        },
    ]
}
_OUT: Final = {
    "externalReference": "number",
    "project": "project",
    "resourceNumber": "resource",
    "task": "task",
    "workDate": "date",
    "currency": "currency",
    "billable": "billable",
    "approvedAt": "approved_at",
}
_DECIMALS: Final = {"quantity": "hours", "unitPrice": "rate", "lineAmount": "amount"}
MAPPING_OUT: Final[dict[str, Any]] = {
    "rules": [
        *({"id": name, "target": name, "source": path} for name, path in _OUT.items()),
        *(
            {"id": name, "target": name, "source": path, "type": "decimal"}
            for name, path in _DECIMALS.items()
        ),
        {
            "id": "description",
            "target": "description",
            "expr": "concat(field('resource'), ', ', field('date'), ': ', field('task'))",
        },
    ]
}


def line_of(record: dict[str, Any]) -> dict[str, Any]:
    """Map a time entry to an invoice line, as the script that somebody writes does."""
    project, person, work = record["project"], record["person"], record["work"]
    price, approval = record["price"], record["approval"]
    if approval["state"] not in ("Draft", "Approved"):
        raise ValueError(approval["state"])
    return {
        "externalReference": record["number"],
        "project": project["code"],
        "resourceNumber": person["number"],
        "task": work["task"],
        "workDate": work["date"],
        "currency": price["currency"],
        "billable": record["billable"],
        "approvedAt": approval["at"],
        "quantity": work["hours"],
        "unitPrice": price["rate"],
        "lineAmount": f"{round(float(work['hours']) * float(price['rate']), 2):.2f}",
        "description": f"{person['number']}, {work['date']}: {work['task']}",
    }
