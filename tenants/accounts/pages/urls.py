"""Addresses that staff and a client's administrators share."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from tenants.accounts.pages import factor_reset, filters, people, roles, tokens

Guard = Callable[..., Callable[..., Any]]


def shared(guard: Guard, prefix: str) -> list[URLPattern]:
    """Return the pages of people and roles (under `prefix`) and tokens behind a door's guard."""
    users, keys = guard("users.manage"), guard("tokens.manage")
    compare = guard(*roles.SEES)
    return [
        path(prefix, users(people.person_list), name="person_list"),
        path(f"{prefix}invite/", users(people.person_invite), name="person_invite"),
        path(f"{prefix}<int:pk>/", users(people.person_detail), name="person_detail"),
        path(f"{prefix}<int:pk>/active/", users(people.person_active), name="person_active"),
        path(f"{prefix}<int:pk>/resend/", users(people.person_resend), name="person_resend"),
        path(f"{prefix}roles/", compare(roles.role_matrix), name="role_matrix"),
        path("filters/save/", guard(None)(filters.filter_save), name="filter_save"),
        path("filters/<int:pk>/delete/", guard(None)(filters.filter_delete), name="filter_delete"),
        path(
            f"{prefix}<int:pk>/factors/reset/",
            users(factor_reset.person_factors_reset),
            name="person_factors_reset",
        ),
        path("tokens/", keys(tokens.token_list), name="token_list"),
        path("tokens/new/", keys(tokens.token_make), name="token_make"),
        path("tokens/<int:pk>/revoke/", keys(tokens.token_revoke), name="token_revoke"),
    ]
