"""Permission strings and the roles that hold them. Pure data.

A role is a set of permissions, never a rule: separation of duties is checked per action.
API tokens carry the same strings as their scopes.
"""

PERMISSIONS: dict[str, str] = {
    "clients.view": "See clients",
    "clients.manage": "Add and change clients",
    "users.manage": "Invite people and give roles",
    "tokens.manage": "Make and revoke API tokens",
    "brand.manage": "Change the brand",
    "domains.manage": "Add, choose and remove domains",
    "connections.view": "See connections",
    "connections.manage": "Add and change connections",
    "workflows.view": "See workflows and runs",
    "workflows.operate": "Run, pause and resume workflows",
    "workflows.manage": "Install and change workflows",
    "records.view": "See records and their history",
    "exceptions.view": "See exceptions",
    "exceptions.work": "Retry, release, skip and resolve",
    "mappings.view": "See mappings",
    "mappings.edit": "Draft mappings",
    "changes.view": "See change requests",
    "changes.propose": "Propose changes",
    "changes.approve": "Approve or reject changes",
    "changes.apply": "Apply approved changes",
    "prices.view": "See tiers and margins",
    "prices.manage": "Change tiers and subscriptions",
    "usage.view": "See usage",
    "statements.view": "See statements",
    "audit.view": "Read the audit trail",
}

_VIEW = frozenset(
    name
    for name in PERMISSIONS
    if name.endswith(".view") and name not in {"prices.view", "audit.view"}
)

STAFF_ROLES: dict[str, tuple[str, frozenset[str]]] = {
    "owner": ("Owner", frozenset(PERMISSIONS)),
    "integration_engineer": (
        "Integration engineer",
        (_VIEW - {"statements.view", "usage.view"})
        | {
            "clients.manage",
            "connections.manage",
            "workflows.operate",
            "workflows.manage",
            "exceptions.work",
            "mappings.edit",
            "changes.propose",
            "changes.apply",
        },
    ),
    "approver": ("Approver", _VIEW | {"changes.approve", "changes.apply", "audit.view"}),
    "support_agent": (
        "Support agent",
        frozenset(
            {
                "clients.view",
                "connections.view",
                "workflows.view",
                "workflows.operate",
                "records.view",
                "exceptions.view",
                "exceptions.work",
                "mappings.view",
                "changes.view",
            }
        ),
    ),
    "finance": (
        "Finance",
        frozenset(
            {
                "clients.view",
                "workflows.view",
                "records.view",
                "exceptions.view",
                "prices.view",
                "prices.manage",
                "usage.view",
                "statements.view",
                "changes.view",
            }
        ),
    ),
    "auditor": ("Auditor", _VIEW | {"prices.view", "audit.view"}),
}

CLIENT_ROLES: dict[str, tuple[str, frozenset[str]]] = {
    "client_admin": (
        "Administrator",
        frozenset(
            {
                "workflows.view",
                "records.view",
                "exceptions.view",
                "exceptions.work",
                "mappings.view",
                "changes.view",
                "usage.view",
                "statements.view",
                "users.manage",
                "tokens.manage",
                "clients.view",
            }
        ),
    ),
    "client_approver": (
        "Approver",
        frozenset(
            {
                "clients.view",
                "workflows.view",
                "records.view",
                "exceptions.view",
                "mappings.view",
                "changes.view",
                "changes.approve",
                "usage.view",
                "statements.view",
            }
        ),
    ),
    "client_viewer": (
        "Viewer",
        frozenset({"clients.view", "workflows.view", "records.view", "exceptions.view"}),
    ),
}

ROLES = STAFF_ROLES | CLIENT_ROLES
OPERATOR_PERMISSIONS = frozenset({"partners.view", "partners.manage"})


def role_label(role: str) -> str:
    """Return what people call a role; KeyError for a role that does not exist."""
    return ROLES[role][0]


def permissions_of(roles: list[str]) -> frozenset[str]:
    """Return the union of the roles' permissions; unknown names hold none."""
    held: frozenset[str] = frozenset()
    for role in roles:
        held |= ROLES[role][1] if role in ROLES else frozenset()
    return held
