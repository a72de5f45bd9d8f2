"""What the account library asks this product: names, addresses, and how secrets are kept."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from branding.services.identity import current_identity
from governance.requests import caller_address
from tenants.accounts.adapters import known_address, open_secret, seal_secret
from tenants.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library is untyped
    """Where a request comes from, decided by the operator's proxies as everywhere else."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the caller's address."""
        return known_address(caller_address(request))


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # the library is untyped
    """Second factors under the partner's brand, for the host of the request alone."""

    def get_totp_issuer(self) -> str:
        """Return the name that an authenticator app shows."""
        return current_identity().name

    def _get_site_name(self) -> str:
        return current_identity().name

    def _get_user_identifier(self, user: User) -> str:
        return user.email

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, object]:
        """Return whom a passkey is for."""
        entity = super().get_public_key_credential_user_entity(user)
        return {**entity, "display_name": user.name}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the relying party: this very host, without its port."""
        host = context.request.get_host().lower().partition(":")[0].rstrip(".")
        return {"id": host, "name": self._get_site_name()}

    def encrypt(self, text: str) -> str:
        """Seal a secret for the person that `adapters.of_person` names."""
        return seal_secret(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open it again; for anybody else it does not open."""
        return open_secret(encrypted_text)
