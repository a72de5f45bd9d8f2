"""The person of a session or a token with their client and roles, in one question."""

from functools import lru_cache

from django.db import connection

from tenants.accounts.models import Client, Role, RoleGrant, User
from tenants.rows import columns_of, made_of, width_of

_PARTS = ((User, "p"), (Client, "c"), (RoleGrant, "g"), (Role, "r"))


@lru_cache(maxsize=1)
def _question() -> str:
    columns = ", ".join(columns_of(model, alias) for model, alias in _PARTS)
    return (
        f"SELECT {columns} FROM accounts_user p "  # noqa: S608  our own columns
        "LEFT JOIN accounts_client c ON c.id = p.client_id "
        "LEFT JOIN accounts_rolegrant g ON g.user_id = p.id "
        "LEFT JOIN accounts_role r ON r.id = g.own_role_id "
        "WHERE p.id = %s AND p.is_active"
    )


def active_person(pk: int) -> User | None:
    """Return who may sign in under this key, `client` and `role_grants` fetched; None for nobody.

    Read anew for every request, so that a role that was taken away is gone at once.
    """
    with connection.cursor() as cursor:
        cursor.execute(_question(), [pk])
        rows = cursor.fetchall()
    if not rows:
        return None
    ends, end = [], 0
    for model, _ in _PARTS:
        end += width_of(model)
        ends.append(end)
    first, (to_user, to_client, to_grant, _) = rows[0], ends
    user = made_of(User, first[:to_user])
    if user.client_id is not None:
        user.client = made_of(Client, first[to_user:to_client])
    grants = []
    for row in rows:
        if row[to_client] is None:
            continue
        grant = made_of(RoleGrant, row[to_client:to_grant])
        grant.user = user
        grant.own_role = None if row[to_grant] is None else made_of(Role, row[to_grant:])
        grants.append(grant)
    _prefetch(user, grants)
    return user


def _prefetch(user: User, grants: list[RoleGrant]) -> None:
    """Let `user.role_grants.all()` be these, as `prefetch_related` does."""
    found = user.role_grants.all()
    found._result_cache = grants  # type: ignore[attr-defined]  # not in the stubs
    found._prefetch_done = True  # type: ignore[attr-defined]  # not in the stubs
    user._prefetched_objects_cache = {"role_grants": found}  # type: ignore[attr-defined]  # as above
