"""Clients, people, roles, tokens."""

from tenants.accounts.models.client import Client
from tenants.accounts.models.role import Role
from tenants.accounts.models.saved_filter import SavedFilter
from tenants.accounts.models.support import SupportGrant, SupportVisit
from tenants.accounts.models.token import ApiToken
from tenants.accounts.models.user import RoleGrant, User

__all__ = [
    "ApiToken",
    "Client",
    "Role",
    "RoleGrant",
    "SavedFilter",
    "SupportGrant",
    "SupportVisit",
    "User",
]
