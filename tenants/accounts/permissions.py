"""Permission strings and the built-in roles that hold them. Pure data.

A role is a set of permissions, never a rule: separation of duties is checked per action.
API tokens carry the same strings as their scopes. A partner's own roles are rows (`Role`).
"""

GROUPS: dict[str, dict[str, str]] = {
    "Clients": {
        "clients.view": "See clients",
        "clients.manage": "Add and change clients",
    },
    "Operations": {
        "workflows.view": "See workflows and runs",
        "workflows.operate": "Run, pause and resume workflows",
        "records.view": "See records and their history",
        "exceptions.view": "See exceptions",
        "exceptions.work": "Retry, release, skip and resolve",
    },
    "Configuration": {
        "connections.view": "See connections",
        "connections.manage": "Add and change connections",
        "workflows.manage": "Install and change workflows",
        "mappings.view": "See mappings",
        "mappings.edit": "Draft mappings",
    },
    "Change control": {
        "changes.view": "See change requests",
        "changes.propose": "Propose changes",
        "changes.approve": "Approve or reject changes",
        "changes.apply": "Apply approved changes",
        "audit.view": "Read the audit trail",
    },
    "Commercial": {
        "prices.view": "See tiers and margins",
        "prices.manage": "Change tiers and subscriptions",
        "usage.view": "See usage",
        "statements.view": "See statements",
    },
    "Access and brand": {
        "users.manage": "Invite people and give roles",
        "tokens.manage": "Make and revoke API tokens",
        "webhooks.manage": "Send webhooks to other programs",
        "support.grant": "Grant support access",
        "brand.manage": "Change the brand",
        "domains.manage": "Add, choose and remove domains",
    },
}
PERMISSIONS: dict[str, str] = {
    name: label for group in GROUPS.values() for name, label in group.items()
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
            "webhooks.manage",
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
                "changes.propose",
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
                "webhooks.manage",
                "clients.view",
                "audit.view",
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
                "audit.view",
            }
        ),
    ),
    "client_viewer": (
        "Viewer",
        frozenset({"clients.view", "workflows.view", "records.view", "exceptions.view"}),
    ),
}

ROLES = STAFF_ROLES | CLIENT_ROLES
NOTES = {
    "owner": "Everything, other people's roles included.",
    "integration_engineer": "Builds connections, mappings and workflows. Proposes changes.",
    "approver": "Signs or rejects changes. Reads the audit trail.",
    "support_agent": "Works the exception queue.",
    "finance": "Tiers, usage and statements.",
    "auditor": "Reads everything, changes nothing.",
    "client_admin": "Invites colleagues, makes API tokens, works exceptions.",
    "client_approver": "Signs changes that need the client, such as those about money.",
    "client_viewer": "Sees workflows, records and exceptions.",
}
STAFF_PERMISSIONS = frozenset(PERMISSIONS)
# What a client's people can be given at all: each of these keeps to their own client's rows.
CLIENT_PERMISSIONS = frozenset[str]().union(*(held for _, held in CLIENT_ROLES.values())) | {
    "workflows.operate"
}
# What a support grant lets an operator do. Written out, so that a new permission is never
# theirs by accident: no people, roles, tokens, grants, signatures, prices, credentials or
# brand (whose mail and hosts lead to accounts).
_SUPPORT_READ = frozenset(
    {
        "clients.view",
        "workflows.view",
        "records.view",
        "exceptions.view",
        "connections.view",
        "mappings.view",
        "changes.view",
        "audit.view",
        "prices.view",
        "usage.view",
        "statements.view",
    }
)
SUPPORT_PERMISSIONS = {
    "read": _SUPPORT_READ,
    "full": _SUPPORT_READ
    | {
        "clients.manage",
        "workflows.operate",
        "workflows.manage",
        "exceptions.work",
    },
}
# Whoever may change something sees it: a role of the partner's own must hold both.
IMPLIED = {
    "clients.manage": "clients.view",
    "workflows.operate": "workflows.view",
    "workflows.manage": "workflows.view",
    "exceptions.work": "exceptions.view",
    "connections.manage": "connections.view",
    "mappings.edit": "mappings.view",
    "changes.propose": "changes.view",
    "changes.approve": "changes.view",
    "changes.apply": "changes.view",
    "prices.manage": "prices.view",
}
OPERATOR_PERMISSIONS = frozenset({"partners.view", "partners.manage", "partners.support"})


def role_label(role: str) -> str:
    """Return what people call a built-in role; KeyError for one that does not exist."""
    return ROLES[role][0]


def permissions_of(roles: list[str]) -> frozenset[str]:
    """Return the union of the built-in roles' permissions; unknown names hold none."""
    held: frozenset[str] = frozenset()
    for role in roles:
        held |= ROLES[role][1] if role in ROLES else frozenset()
    return held


def permission_labels(permissions: frozenset[str]) -> list[str]:
    """Return what people call permissions, in the order of the groups."""
    return [label for name, label in PERMISSIONS.items() if name in permissions]


def grantable_by(held: frozenset[str], *, to_clients: bool) -> frozenset[str]:
    """Return the permissions that somebody who holds `held` may hand on: what they hold.

    One exception: whoever holds all that a client's administrator holds may also name the
    client's approvers, since somebody at the client has to.
    """
    if to_clients and held >= CLIENT_ROLES["client_admin"][1]:
        return held | CLIENT_ROLES["client_approver"][1]
    return held
