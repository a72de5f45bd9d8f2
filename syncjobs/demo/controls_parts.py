"""What a firm's systems must have alike: the parts of sold work, and contacts.

Read from the systems themselves, with nothing of the product's data or code.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from syncjobs.sandbox.client import SandboxClient

# Kind → what the CRM and the PSA call its size.
_SIZES = {"tasks": ("hours", "PlannedHours"), "milestones": ("amount", "Amount")}


def lacking_parts(crm: SandboxClient, psa: SandboxClient) -> list[str]:
    """Each task and milestone that was won must be in its project, once, as it was sold."""
    there = {one["Code"] for one in psa.pages("projects")}
    return [
        f"{kind} {part} of project {code} is {times} times in the PSA"
        for kind in _SIZES
        for code, part, times in _counted(crm, psa, kind)
        if code in there and times != 1
    ]


def _counted(crm: SandboxClient, psa: SandboxClient, kind: str) -> Iterator[tuple[str, str, int]]:
    sold_as, planned_as = _SIZES[kind]
    planned = Counter(
        (one["ProjectCode"], one["Name"], Decimal(one.get(planned_as) or 0))
        for one in psa.pages(kind)
    )
    for deal in crm.pages("opportunities"):
        if deal["stage"] == "won":
            code = deal["projectCode"]
            for one in deal.get(kind) or ():
                yield code, one["name"], planned[code, one["name"], Decimal(one[sold_as])]


def unlike_contacts(crm: SandboxClient, erp: SandboxClient) -> list[str]:
    """Everybody whom one of them knows, the other must know, by the same name."""
    sold, billed = _names(crm), _names(erp)
    return [
        f"contact {email} is {sold.get(email, 'nobody')} in the CRM and "
        f"{billed.get(email, 'nobody')} in the ERP"
        for email in sorted({*sold, *billed})
        if sold.get(email) != billed.get(email)
    ]


def _names(system: SandboxClient) -> dict[str, str]:
    return {
        str(one["email"]).lower(): f"{one.get('firstName') or ''} {one['lastName']}".strip()
        for one in system.pages("contacts")
    }
