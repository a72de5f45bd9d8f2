"""Clients, people, roles, tokens, and how people sign in."""

from tenants.accounts.models.client import Client
from tenants.accounts.models.provider import ExternalIdentity, IdentityProvider
from tenants.accounts.models.role import Role
from tenants.accounts.models.saved_filter import SavedFilter
from tenants.accounts.models.sign_in import SignInRules
from tenants.accounts.models.support import SupportGrant, SupportVisit
from tenants.accounts.models.token import ApiToken
from tenants.accounts.models.user import RoleGrant, User

__all__ = [
    "ApiToken",
    "Client",
    "ExternalIdentity",
    "IdentityProvider",
    "Role",
    "RoleGrant",
    "SavedFilter",
    "SignInRules",
    "SupportGrant",
    "SupportVisit",
    "User",
]
