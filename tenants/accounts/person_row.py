"""Who asks: the person of a session, or the token of a program, in one question each.

Read anew for every request, so that a role that was taken away is gone at once.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from django.db import connection, models

from tenants.accounts.models import ApiToken, Client, Role, RoleGrant, User
from tenants.rows import columns_of, made_of, width_of

_Part = tuple[type[models.Model], str]
_PERSON: tuple[_Part, ...] = ((User, "p"), (Client, "c"), (RoleGrant, "g"), (Role, "r"))
_TOKEN: tuple[_Part, ...] = ((ApiToken, "t"), (Client, "k"))
# A person comes as one row for each of their roles, or one without a role.
_WITH_ROLES = (
    "accounts_user p "
    "LEFT JOIN accounts_client c ON c.id = p.client_id "
    "LEFT JOIN accounts_rolegrant g ON g.user_id = p.id "
    "LEFT JOIN accounts_role r ON r.id = g.own_role_id"
)


def active_person(pk: int) -> User | None:
    """Return who may sign in under this key, with client and roles; None for nobody."""
    rows = _answer(
        f"SELECT {_columns(_PERSON)} FROM {_WITH_ROLES} "  # noqa: S608  our own columns
        "WHERE p.id = %s AND p.is_active",
        pk,
    )
    return _person(rows) if rows else None


def token_with_person(prefix: str) -> ApiToken | None:
    """Return the token of this prefix with its client and its person; None where there is none."""
    rows = _answer(
        f"SELECT {_columns((*_TOKEN, *_PERSON))} FROM accounts_apitoken t "  # noqa: S608  as above
        "LEFT JOIN accounts_client k ON k.id = t.client_id "
        f"JOIN ({_WITH_ROLES}) ON p.id = t.user_id WHERE t.prefix = %s",
        prefix,
    )
    if not rows:
        return None
    to_token, to_client = _ends(_TOKEN)
    token = made_of(ApiToken, rows[0][:to_token])
    token.client = None if token.client_id is None else made_of(Client, rows[0][to_token:to_client])
    token.user = _person([row[to_client:] for row in rows])
    return token


def _answer(question: str, value: int | str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = connection.read_prepared(question, [value])  # type: ignore[attr-defined]  # the tenant backend's
    return rows


@lru_cache(maxsize=4)
def _columns(parts: Sequence[_Part]) -> str:
    return ", ".join(columns_of(model, alias) for model, alias in parts)


@lru_cache(maxsize=4)
def _ends(parts: Sequence[_Part]) -> list[int]:
    """Return at which column each part ends."""
    return list(accumulate(width_of(model) for model, _ in parts))


def _person(rows: Sequence[tuple[Any, ...]]) -> User:
    """Return the person of their rows."""
    to_user, to_client, to_grant, _ = _ends(_PERSON)
    first = rows[0]
    user = made_of(User, first[:to_user])
    user.client = None if user.client_id is None else made_of(Client, first[to_user:to_client])
    grants = []
    for row in rows:
        if row[to_client] is None:
            continue
        grant = made_of(RoleGrant, row[to_client:to_grant])
        grant.user = user
        grant.own_role = None if row[to_grant] is None else made_of(Role, row[to_grant:])
        grants.append(grant)
    # `user.role_grants.all()` is these, as `prefetch_related` makes it.
    found = user.role_grants.all()
    found._result_cache = grants
    found._prefetch_done = True  # type: ignore[attr-defined]  # not in the stubs
    user._prefetched_objects_cache = {"role_grants": found}  # type: ignore[attr-defined]  # as above
    return user
