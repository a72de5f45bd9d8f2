"""What the firm's own people do in their systems after the integration did its part."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.story.month import Month


def post_drafts(erp: SandboxClient, month: Month) -> list[str]:
    """Finance posts the month's draft invoices (not the next cycle's); returns the numbers."""
    issued = month.following.replace(day=month.firm.cut_off_day) + dt.timedelta(days=2)
    drafts = erp.pages("invoices", **{"$filter": "status eq 'draft'"})
    posted = []
    # In the order of their references, so that the same ones are paid each time it is told.
    for invoice in sorted(drafts, key=lambda one: str(one["externalReference"])):
        if invoice.get("period") == month.period and invoice["lineCount"]:
            done = erp.control("post_invoice", id=invoice["id"], issueDate=issued.isoformat())
            posted.append(str(done["number"]))
    return posted


def receive_payments(erp: SandboxClient, numbers: Iterable[str], month: Month) -> Decimal:
    """The bank books every third of these invoices as paid in full; returns the money."""
    received = month.following.replace(day=month.firm.cut_off_day) + dt.timedelta(days=4)
    total = Decimal(0)
    for number in sorted(numbers)[::3]:
        (invoice,) = erp.pages("invoices", **{"$filter": f"number eq '{number}'"})
        due = Decimal(invoice["totalAmount"]) - Decimal(invoice["paidAmount"])
        erp.control(
            "register_payment", number=number, amount=str(due), receivedOn=received.isoformat()
        )
        total += due
    return total


def sign_amendments(erp: SandboxClient, month: Month) -> list[str]:
    """The missing amendments come back signed; returns the contracts."""
    signed = []
    running = [one for one in month.firm.engagements if one.state == "running"]
    for engagement in running:
        for milestone in engagement.milestones:
            if milestone.amendment:
                contract = f"CT-{engagement.number}"
                erp.control(
                    "sign_amendment",
                    contractNumber=contract,
                    number=milestone.amendment,
                    signedOn=month.following.isoformat(),
                )
                signed.append(contract)
    return signed


def set_missing_tax(erp: SandboxClient, month: Month) -> list[str]:
    """Finance gives every customer without a tax code the last code of the table."""
    code = list(month.firm.tax_codes)[-1]
    missing = [one["number"] for one in erp.pages("customers") if one["taxStatus"] == "missing"]
    for number in missing:
        erp.control("set_tax_code", customerNumber=number, taxCode=code)
    return missing
