"""Write the story into a source server over REST; what is there already is left alone."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from syncjobs.sandbox.tryton import story
from syncjobs.sandbox.tryton.wire import Rest

_COUNTRIES = {
    "NL": ("Netherlands", "NLD", "528"),
    "BE": ("Belgium", "BEL", "056"),
    "DE": ("Germany", "DEU", "276"),
}
_BUTTONS = {
    "lead": (),
    "opportunity": ("opportunity",),
    "converted": ("opportunity", "convert"),
    "lost": ("opportunity", "lost"),
}


def open_rest(facts: Mapping[str, Any]) -> Rest:
    """The REST door of a server started by `daemon.start`."""
    return Rest(facts["base"], facts["database"], facts["api_key"], facts["company"])


def seed_countries(rest: Rest) -> dict[str, int]:
    """Country ids by code; a fresh database knows none."""
    known = {row["code"]: row["id"] for row in rest.find("country.country", (), ("code",))}
    for code, (name, code3, number) in _COUNTRIES.items():
        if code not in known:
            values = {"code": code, "name": name, "code3": code3, "code_numeric": number}
            known[code] = rest.post("country.country", values)["id"]
    return known


def seed_source(facts: Mapping[str, Any], month: dt.date) -> int:
    """Write the month; return how many records were new (0 on a second run)."""
    rest = open_rest(facts)
    company = int(facts["company"])
    countries = seed_countries(rest)
    parties, new_parties = _seed_parties(rest, countries, int(facts["payment_term"]))
    employees, new_employees = _seed_employees(rest, company)
    new_deals = _seed_deals(rest, company, parties, employees, int(facts["payment_term"]))
    tasks, new_projects = _seed_projects(rest, company, parties)
    new_lines = _seed_lines(rest, company, employees, tasks, month)
    return new_parties + new_employees + new_deals + new_projects + new_lines


def _seed_parties(
    rest: Rest, countries: Mapping[str, int], payment_term: int
) -> tuple[dict[str, int], int]:
    found = rest.find("party.party", [["code", "like", "C-%"]], ("code",))
    known = {row["code"]: row["id"] for row in found}
    missing = [party for party in story.PARTIES if party.code not in known]
    for party in missing:
        address = {
            "street": party.street,
            "postal_code": party.postal_code,
            "city": party.city,
            "country": countries[party.country],
        }
        values = {
            "name": party.name,
            "code": party.code,
            "addresses": [["create", [address]]],
            "contact_mechanisms": [["create", [{"type": "email", "value": party.email}]]],
            "customer_payment_term": payment_term,
        }
        known[party.code] = rest.post("party.party", values)["id"]
    return known, len(missing)


def _seed_employees(rest: Rest, company: int) -> tuple[dict[str, int], int]:
    found = rest.find("company.employee", [["party.code", "like", "E-%"]], ("party.code",))
    known = {row["party"]["code"]: row["id"] for row in found}
    missing = [person for person in story.EMPLOYEES if person[0] not in known]
    for code, name in missing:
        parties = rest.find("party.party", [["code", "=", code]])
        party = parties[0] if parties else rest.post("party.party", {"name": name, "code": code})
        values = {"party": party["id"], "company": company}
        known[code] = rest.post("company.employee", values)["id"]
    return known, len(missing)


def _seed_deals(
    rest: Rest,
    company: int,
    parties: Mapping[str, int],
    employees: Mapping[str, int],
    payment_term: int,
) -> int:
    new = 0
    for number, deal in enumerate(story.DEALS):
        clause = [["reference", "=", deal.reference]]
        found = rest.find("sale.opportunity", clause, ("state",))
        if not found:
            values = {
                "party": parties[deal.customer],
                "description": deal.description,
                "reference": deal.reference,
                "company": company,
                "amount": deal.amount,
                "employee": list(employees.values())[number % len(employees)],
                "payment_term": payment_term,
            }
            created = rest.post("sale.opportunity", values)
            found = rest.find("sale.opportunity", [["id", "=", created["id"]]], ("state",))
            new += 1
        _press(rest, deal, found[0])
    return new


def _press(rest: Rest, deal: story.Deal, row: Mapping[str, Any]) -> None:
    state = row["state"]
    for button in _BUTTONS[deal.outcome]:
        after = {"convert": "converted"}.get(button, button)
        if state == "lead" or (state == "opportunity" and after != "opportunity"):
            rest.post(f"sale.opportunity/{row['id']}/{button}")
            state = after


def _seed_projects(
    rest: Rest, company: int, parties: Mapping[str, int]
) -> tuple[dict[tuple[str, str], int], int]:
    fields = ("name", "type", "parent.name")
    known = {
        ((row["parent"] or {}).get("name", ""), row["name"]): row["id"]
        for row in rest.find("project.work", (), fields)
    }
    new = 0
    for project in story.PROJECTS:
        party = parties[project.customer] if project.customer else None
        shared: dict[str, Any] = {"company": company, "timesheet_available": True}
        if ("", project.name) not in known:
            values = {**shared, "type": "project", "name": project.name, "party": party}
            known["", project.name] = rest.post("project.work", values)["id"]
            new += 1
        for task in project.tasks:
            if (project.name, task.name) in known:
                continue
            values = {
                **shared,
                "type": "task",
                "name": task.name,
                "parent": known["", project.name],
                "list_price": task.price,
                "effort_duration": dt.timedelta(hours=task.budget_hours),
            }
            known[project.name, task.name] = rest.post("project.work", values)["id"]
            new += 1
    return known, new


def _seed_lines(
    rest: Rest,
    company: int,
    employees: Mapping[str, int],
    tasks: Mapping[tuple[str, str], int],
    month: dt.date,
) -> int:
    works = {row["origin"]: row["id"] for row in rest.find("timesheet.work", (), ("origin",))}
    found = rest.find("timesheet.line", [["date", ">=", month]], ("employee", "work", "date"))
    known = {(row["employee"], row["work"], row["date"]) for row in found}
    new = 0
    for line in story.lines(month):
        employee = employees[line.employee]
        work = works[f"project.work,{tasks[line.project, line.task]}"]
        if (employee, work, line.date) in known:
            continue
        values = {
            "employee": employee,
            "company": company,
            "work": work,
            "date": line.date,
            "duration": dt.timedelta(minutes=line.minutes),
            "description": line.note,
        }
        rest.post("timesheet.line", values)
        new += 1
    return new
