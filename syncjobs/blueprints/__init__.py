"""The shipped blueprints and the mappings that they start with. Data only.

A blueprint's `reads` and `steps` name roles and short mapping names; installing it turns them
into a client's connections, objects and mapping slugs. {"$point": name} stands for the value of
an extension point.
"""

from typing import Any, Final

from syncjobs.blueprints import (
    contract_changes,
    customer_master,
    expense_to_billing,
    invoice_status,
    milestone_to_invoice,
    nightly_margin,
    opportunity_to_project,
    revenue_events,
    staffing_sync,
    support_to_health,
    time_to_billing,
)

BLUEPRINTS: Final[dict[str, dict[str, Any]]] = {
    one.BLUEPRINT["slug"]: one.BLUEPRINT
    for one in (
        customer_master,
        opportunity_to_project,
        time_to_billing,
        expense_to_billing,
        milestone_to_invoice,
        invoice_status,
        staffing_sync,
        revenue_events,
        contract_changes,
        support_to_health,
        nightly_margin,
    )
}
