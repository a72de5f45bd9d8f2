"""Control totals of a firm's sandbox systems: the source's own rows against the ERP's own.

Read from the systems themselves, with nothing of the product's data or code.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from syncjobs.demo.controls_parts import lacking_parts, unlike_contacts
from syncjobs.demo.money import Audit, ByProject, Control
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.story.month import Month
from syncjobs.sandbox.story.people import CENT


def audit_sandbox(
    month: Month, crm: SandboxClient, psa: SandboxClient, erp: SandboxClient
) -> Audit:
    """Compare a firm's CRM, PSA and ERP."""
    contracts = {one["number"]: one for one in erp.pages("contracts")}
    invoices = {one["externalReference"]: one for one in erp.pages("invoices")}
    lines = list(erp.pages("invoiceLines"))
    projects = {one["Code"]: one for one in psa.pages("projects")}
    controls = [
        *_time(month, psa.pages("timeEntries"), projects, contracts, lines, invoices),
        *_expenses(month, psa.pages("expenses"), lines, invoices),
        _milestones(psa.pages("milestones"), contracts, lines),
        *_status(invoices.values(), crm.pages("opportunities"), projects.values()),
    ]
    faults = [
        *_doubles(lines),
        *_double_customers(erp.pages("customers")),
        *lacking_parts(crm, psa),
        *unlike_contacts(crm, erp),
        *_books(erp),
    ]
    return Audit(month.firm.currency, controls, faults)


def _time(
    month: Month,
    entries: Iterable[Mapping[str, Any]],
    projects: Mapping[str, Mapping[str, Any]],
    contracts: Mapping[str, Mapping[str, Any]],
    lines: Iterable[Mapping[str, Any]],
    invoices: Mapping[str, Mapping[str, Any]],
) -> list[Control]:
    closings = {one.name: month.closing(one) for one in month.firm.entities}
    following = f"{month.following:%Y-%m}"
    agreed = month.agreed_rates if month.rows_a_day else set()
    why = "work after the contract's end" + (", rates that nobody agreed to" if agreed else "")
    source: dict[str, ByProject] = defaultdict(lambda: defaultdict(Decimal))
    refused: dict[str, ByProject] = defaultdict(lambda: defaultdict(Decimal))
    for entry in entries:
        if not entry["Billable"] or not entry.get("ApprovedAt"):
            continue
        amount = (Decimal(entry["Hours"]) * Decimal(entry["Rate"])).quantize(CENT, ROUND_HALF_UP)
        late = dt.datetime.fromisoformat(entry["ApprovedAt"]) > closings[entry["Entity"]]
        period = following if late else month.period
        code = entry["ProjectCode"]
        source[period][code] += amount
        ends = contracts[projects[code]["ContractNumber"]]["endDate"]
        if entry["WorkDate"] > ends or (agreed and Decimal(entry["Rate"]) not in agreed):
            refused[period][code] += amount
    target: dict[str, ByProject] = defaultdict(lambda: defaultdict(Decimal))
    for line in lines:
        if line["kind"] == "time":
            period = invoices[line["invoiceReference"]]["period"]
            target[period][line["projectCode"]] += Decimal(line["lineAmount"])
    labels = {month.period: "Time, this cycle", following: "Time, next cycle"}
    return [
        Control(
            labels.get(period, f"Time, {period}"),
            "time_entry",
            dict(source[period]),
            dict(target[period]),
            dict(refused[period]),
            why,
        )
        for period in sorted({*labels, *source, *target})
    ]


def _expenses(
    month: Month,
    expenses: Iterable[Mapping[str, Any]],
    lines: Iterable[Mapping[str, Any]],
    invoices: Mapping[str, Mapping[str, Any]],
) -> list[Control]:
    closings = {one.name: month.closing(one) for one in month.firm.entities}
    following = f"{month.following:%Y-%m}"
    labels = {month.period: "Expenses, this cycle", following: "Expenses, next cycle"}
    source: dict[str, ByProject] = defaultdict(lambda: defaultdict(Decimal))
    for one in expenses:
        if one["Billable"] and one.get("ApprovedAt"):
            late = dt.datetime.fromisoformat(one["ApprovedAt"]) > closings[one["Entity"]]
            period = following if late else month.period
            source[period][one["ProjectCode"]] += Decimal(one["BillAmount"])
    target: dict[str, ByProject] = defaultdict(lambda: defaultdict(Decimal))
    for line in lines:
        if line["kind"] == "expense":
            period = invoices[line["invoiceReference"]]["period"]
            target[period][line["projectCode"]] += Decimal(line["lineAmount"])
    return [
        Control(label, "expense", dict(source[period]), dict(target[period]))
        for period, label in labels.items()
    ]


def _milestones(
    milestones: Iterable[Mapping[str, Any]],
    contracts: Mapping[str, Mapping[str, Any]],
    lines: Iterable[Mapping[str, Any]],
) -> Control:
    source: ByProject = defaultdict(Decimal)
    held: ByProject = defaultdict(Decimal)
    for one in milestones:
        if one["Status"] != "Completed":
            continue
        source[one["ProjectCode"]] += Decimal(one["Amount"])
        if one["AmendmentRequired"] and contracts[one["ContractNumber"]]["amendmentRequired"]:
            held[one["ProjectCode"]] += Decimal(one["Amount"])
    target: ByProject = defaultdict(Decimal)
    for line in lines:
        if line["kind"] == "milestone":
            target[line["projectCode"]] += Decimal(line["lineAmount"])
    return Control(
        "Milestones", "milestone", dict(source), dict(target), dict(held), "unsigned amendment"
    )


def _status(
    invoices: Iterable[Mapping[str, Any]],
    opportunities: Iterable[Mapping[str, Any]],
    projects: Iterable[Mapping[str, Any]],
) -> list[Control]:
    """What finance posted and received, as the CRM and the PSA were told."""
    posted: ByProject = defaultdict(Decimal)
    paid: ByProject = defaultdict(Decimal)
    for one in invoices:
        if one["status"] != "draft":
            posted[one["projectCode"]] += Decimal(one["totalAmount"])
            paid[one["projectCode"]] += Decimal(one["paidAmount"])
    crm: dict[str, ByProject] = {"invoicedAmount": {}, "paidAmount": {}}
    for row in opportunities:
        for name, amounts in crm.items():
            if row.get(name):
                amounts[row["projectCode"]] = Decimal(row[name])
    psa: dict[str, ByProject] = {"InvoicedAmount": {}, "PaidAmount": {}}
    for row in projects:
        for name, amounts in psa.items():
            if row.get(name):
                amounts[row["Code"]] = Decimal(row[name])
    return [
        Control("Invoiced, told to the CRM", "invoice", dict(posted), crm["invoicedAmount"]),
        Control("Invoiced, told to the PSA", "invoice", dict(posted), psa["InvoicedAmount"]),
        Control("Paid, told to the CRM", "payment", dict(paid), crm["paidAmount"]),
        Control("Paid, told to the PSA", "payment", dict(paid), psa["PaidAmount"]),
    ]


def _doubles(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    counted = Counter(line.get("externalReference") for line in lines)
    return [
        f"{reference or 'a line without a reference'} is {times} times in the ERP"
        for reference, times in counted.items()
        if times > 1 or not reference
    ]


def _double_customers(customers: Iterable[Mapping[str, Any]]) -> list[str]:
    counted = Counter(one.get("taxRegistrationNumber") for one in customers)
    return [
        f"the customer with the tax number {number} is {times} times in the ERP"
        for number, times in counted.items()
        if number and times > 1
    ]


def _books(erp: SandboxClient) -> list[str]:
    ledger = erp.ledger()
    removed = [one for one in ledger["entries"] if one["effect"] == "invoiceLines.deleted"]
    faults = [] if ledger["balanced"] else ["the ERP's books do not balance"]
    return faults + [f"line {one['id']} was written and taken back" for one in removed]
