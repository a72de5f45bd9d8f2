"""Somebody who does by hand, and rightly, what the product does: to try the controls on."""

import datetime as dt
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.story.month import Month
from syncjobs.sandbox.story.people import CENT


class Bookkeeper:
    """Writes a month's invoices into the ERP, line by line, and tells CRM and PSA."""

    def __init__(
        self, month: Month, crm: SandboxClient, psa: SandboxClient, erp: SandboxClient
    ) -> None:
        self.month, self.crm, self.psa, self.erp = month, crm, psa, erp
        self._known = {str(one["externalReference"]) for one in erp.pages("invoices")}
        self._projects = {one["Code"]: one for one in psa.pages("projects")}
        self._contracts = {one["number"]: one for one in erp.pages("contracts")}

    def introduce_everybody(self) -> None:
        """Each contact to the system that does not know it."""
        there = {one["number"] for one in self.erp.pages("customers")}
        for one in self.crm.pages("accounts"):
            if one["number"] not in there:
                body = {name: one[name] for name in ("number", "name", "currency")}
                self.erp.call("POST", "/erp/v1/customers", body)
        known = {one["email"] for one in self.erp.pages("contacts")}
        names = ("firstName", "lastName", "email", "phone")
        for one in self.crm.pages("contacts"):
            if one["email"] not in known:
                body = {name: one[name] for name in names if one.get(name)}
                body["customerNumber"] = one["account"]["number"]
                self.erp.call("POST", "/erp/v1/contacts", body)
        accounts = {one["number"]: one["id"] for one in self.crm.pages("accounts")}
        here = {one["email"] for one in self.crm.pages("contacts")}
        for one in self.erp.pages("contacts"):
            if one["email"] not in here:
                body = {name: one[name] for name in names if one.get(name)}
                body["accountId"] = accounts[one["customerNumber"]]
                self.crm.call("POST", "/v2/contacts", body)

    def bill_everything(self) -> None:
        """All approved billable time inside its contract, all expenses and milestones that may."""
        for entry in self.psa.pages("timeEntries"):
            if entry["Billable"] and entry.get("ApprovedAt"):
                self._bill_time(entry)
        for one in self.psa.pages("expenses"):
            if one["Billable"] and one.get("ApprovedAt"):
                amount = one["BillAmount"]
                self.write_line(one, self._period(one), "expense", "1", amount, amount)
        for milestone in self.psa.pages("milestones"):
            contract = self._contracts[milestone["ContractNumber"]]
            held = milestone["AmendmentRequired"] and contract["amendmentRequired"]
            if milestone["Status"] == "Completed" and not held:
                amount = milestone["Amount"]
                self.write_line(milestone, self.month.period, "milestone", "1", amount, amount)

    def tell_everybody(self) -> None:
        """What the ERP holds as posted and paid, to the opportunity and the project."""
        totals: dict[str, list[Decimal]] = {}
        for one in self.erp.pages("invoices"):
            if one["status"] != "draft":
                sums = totals.setdefault(one["projectCode"], [Decimal(0), Decimal(0)])
                sums[0] += Decimal(one["totalAmount"])
                sums[1] += Decimal(one["paidAmount"])
        for one in self.crm.pages("opportunities"):
            if one.get("projectCode") in totals:
                invoiced, paid = map(str, totals[one["projectCode"]])
                body = {"invoicedAmount": invoiced, "paidAmount": paid}
                self.crm.call("PATCH", f"/v2/opportunities/{one['id']}", body)
        for code, sums in totals.items():
            body = {"InvoicedAmount": str(sums[0]), "PaidAmount": str(sums[1])}
            self.psa.call("PUT", f"/api/projects/{self._projects[code]['Id']}", body)

    def _bill_time(self, entry: Mapping[str, Any]) -> None:
        contract = self._contracts[self._projects[entry["ProjectCode"]]["ContractNumber"]]
        if entry["WorkDate"] > contract["endDate"]:
            return
        amount = (Decimal(entry["Hours"]) * Decimal(entry["Rate"])).quantize(CENT, ROUND_HALF_UP)
        self.write_line(
            entry, self._period(entry), "time", entry["Hours"], entry["Rate"], str(amount)
        )

    def _period(self, approved: Mapping[str, Any]) -> str:
        entity = next(one for one in self.month.firm.entities if one.name == approved["Entity"])
        late = dt.datetime.fromisoformat(approved["ApprovedAt"]) > self.month.closing(entity)
        return f"{self.month.following:%Y-%m}" if late else self.month.period

    def write_line(
        self,
        source: Mapping[str, Any],
        period: str,
        kind: str,
        quantity: str,
        price: str,
        amount: str,
    ) -> None:
        """One line on the project's invoice of the period, which is made when it is missing."""
        code = source["ProjectCode"]
        reference = f"{code}:{period}:{kind}"
        if reference not in self._known:
            self._known.add(reference)
            project = self._projects[code]
            head = {
                "externalReference": reference,
                "customerNumber": project["ClientCode"],
                "contractNumber": project["ContractNumber"],
                "projectCode": code,
                "period": period,
                "currency": source["Currency"],
                "kind": kind,
            }
            self.erp.call("POST", "/erp/v1/invoices", head)
        line = {
            "invoiceReference": reference,
            "externalReference": source["Number"],
            "kind": kind,
            "description": source.get("Task") or source.get("Category") or source.get("Name"),
            "quantity": quantity,
            "unitPrice": price,
            "lineAmount": amount,
        }
        self.erp.call("POST", "/erp/v1/invoiceLines", line)
