"""Write a month into a firm's three systems; what is there already is left alone."""

from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.story import rows
from syncjobs.sandbox.story.month import Month

SERVICE_ITEMS = (
    {"code": "TIME", "description": "Professional time", "unit": "HOUR"},
    {"code": "EXPENSE", "description": "Expenses", "unit": "EACH"},
    {"code": "MILESTONE", "description": "Milestone", "unit": "EACH"},
)


def feed_crm(crm: SandboxClient, month: Month) -> int:
    """Accounts, contacts and opportunities; returns how many were new."""
    crm.control("profile", name=month.firm.name)
    return (
        crm.bulk("accounts", rows.accounts(month))
        + crm.bulk("contacts", rows.contacts(month))
        + crm.bulk("opportunities", rows.opportunities(month))
    )


def feed_psa(psa: SandboxClient, month: Month) -> int:
    """People, projects, time, expenses and milestones; returns how many were new."""
    psa.control("profile", name=month.firm.name)
    return (
        psa.bulk("resources", rows.resources(month))
        + psa.bulk("projects", rows.projects(month))
        + psa.bulk("assignments", rows.assignments(month))
        + psa.bulk("timeEntries", rows.time_entries(month))
        + psa.bulk("expenses", rows.expenses(month))
        + psa.bulk("milestones", rows.milestones(month))
    )


def feed_erp(erp: SandboxClient, month: Month) -> int:
    """Tax settings, items, and the customers, a contact and the contracts of running work."""
    erp.control("profile", name=month.firm.name)
    new = 0
    for code, (rate, description) in month.firm.tax_codes.items():
        added = erp.control("add_tax_code", code=code, rate=rate, description=description)
        new += int(added.get("created", 0))
    for country, code in month.firm.tax_rules.items():
        erp.control("set_tax_rule", country=country, taxCode=code)
    return (
        new
        + erp.bulk("serviceItems", SERVICE_ITEMS)
        + erp.bulk("customers", rows.erp_customers(month))
        + erp.bulk("contacts", rows.erp_contacts(month))
        + erp.bulk("contracts", rows.erp_contracts(month))
    )


def feed(crm: SandboxClient, psa: SandboxClient, erp: SandboxClient, month: Month) -> int:
    """All three systems; returns how many records were new (0 on a second run)."""
    return feed_crm(crm, month) + feed_psa(psa, month) + feed_erp(erp, month)
