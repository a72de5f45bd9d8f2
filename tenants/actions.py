"""Audit actions of partners and their hosts."""

from governance.actions import register_action
from governance.objects import register_objects

PARTNER_PROVISIONED = register_action("partner.provisioned", "Set up a partner")
PARTNER_SUSPENDED = register_action("partner.suspended", "Suspended a partner")
PARTNER_RESUMED = register_action("partner.resumed", "Resumed a partner")
HOST_ADDED = register_action("host.added", "Added a host")
HOST_ACTIVATED = register_action("host.activated", "Put a host into service")
HOST_VERIFIED = register_action("host.verified", "Proved a domain")
HOST_PROOF_LOST = register_action("host.proof_lost", "Missed a domain's proof")
HOST_RECOVERED = register_action("host.recovered", "Found a domain's proof again")
HOST_PRIMARY = register_action("host.primary", "Chose the domain for links")
HOST_REMOVED = register_action("host.removed", "Took a host out of service")
CHECKLIST_DISMISSED = register_action("checklist.dismissed", "Put the checklist away")
OPERATOR_ADDED = register_action("operator.added", "Added an operator")
OWNER_LINK_RENEWED = register_action("owner.link_renewed", "Made the first owner's link anew")
register_objects(
    {
        "domain": "Host",
        "partner": "Partner",
        "table": "List",
    }
)
