"""The roles as people choose and compare them."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from governance.requests import actor_of
from tenants.accounts.pages.frame import page, tabs
from tenants.accounts.permissions import CLIENT_ROLES, PERMISSIONS, STAFF_ROLES
from tenants.nouns import in_words

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


@dataclass(frozen=True, slots=True)
class Matrix:
    """Which role holds which permission: a row per permission that any of the roles holds."""

    title: str
    roles: tuple[str, ...]
    rows: tuple[tuple[str, tuple[bool, ...]], ...]


def role_choices(*, of_client: bool) -> list[tuple[str, str]]:
    """Return what can be given, with what it is for."""
    roles = CLIENT_ROLES if of_client else STAFF_ROLES
    return [(role, in_words(f"{label}: {NOTES[role]}")) for role, (label, _) in roles.items()]


def matrix(title: str, roles: dict[str, tuple[str, frozenset[str]]]) -> Matrix:
    """Return the table of some roles."""
    rows = [
        (in_words(label), tuple(permission in held for _, held in roles.values()))
        for permission, label in PERMISSIONS.items()
    ]
    return Matrix(
        title,
        tuple(label for label, _ in roles.values()),
        tuple(row for row in rows if any(row[1])),
    )


@require_GET
def role_matrix(request: HttpRequest) -> HttpResponse:
    """Show who may do what: to staff all roles, to a client its own."""
    tables = [matrix(in_words("Client people"), CLIENT_ROLES)]
    if actor_of(request).client_id is None:
        tables.insert(0, matrix("Staff", STAFF_ROLES))
    context = {"tables": tables, "tabs": tabs(request, "role_matrix")}
    return page(request, "accounts/manage/role_matrix.html", context)
