"""What the API's description says of its tokens."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from governance.state import LABELS
from syncjobs import state
from tenants.accounts.models import Client
from tenants.models import Domain

# Names of the closed sets that several objects call "status" or "state".
CHANGE_STATUS = list(LABELS.items())
CLIENT_STATUS = Client.Status.choices
CONNECTION_STATE = state.CONNECTION.choices
DELIVERY_STATE = state.DELIVERY.choices
EXCEPTION_STATE = state.ISSUE.choices
RUN_STATE = state.RUN.choices
WORKFLOW_STATE = state.WORKFLOW.choices
BREAKER_STATE = state.BREAKER.choices
DOMAIN_STATE = Domain.State.choices
DOMAIN_KIND = Domain.Kind.choices


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library has no type hints
    """A bearer token; each call's scope is in the answer of a refused one."""

    target_class = "config.api_auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer"}
