"""The operator who acts under a support grant, as pages see a person who is signed in.

No row of the partner's people, ever: what wants one (a token, an exception's owner, a
change's author) finds none.
"""

from datetime import datetime
from typing import Final

from django.http import HttpRequest

from governance.actors import Actor
from tenants.accounts.models import SupportGrant, SupportVisit

SESSION_KEY: Final = "support_visit"
LABEL_LENGTH: Final = 160


class SupportUser:
    """Stands in for `request.user`."""

    pk = 0  # nobody's
    id = 0
    kind = "support"
    client = None
    client_id = None
    email = ""
    locale = ""
    time_zone = ""
    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = True
    is_superuser = False

    def __init__(self, visit: SupportVisit) -> None:
        self.visit = visit
        self.grant: SupportGrant = visit.grant
        self.name = f"Support ({visit.operator_name})"
        self.permissions = self.grant.permissions

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        """Return the name that is shown in menus."""
        return self.name

    def get_short_name(self) -> str:
        """Return the same."""
        return self.name

    def get_username(self) -> str:
        """Return the same, for the admin's forms."""
        return self.name

    @property
    def role_labels(self) -> list[str]:
        """What stands below the name."""
        return [str(self.grant.get_level_display())]

    @property
    def ends_at(self) -> datetime:
        """When the grant ends by itself."""
        return self.grant.expires_at

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether the grant lets them do this."""
        return perm in self.permissions

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        """Whether it lets them do all of this."""
        return all(self.has_perm(perm) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        """Pages check their own permission."""
        return True


def support_of(request: HttpRequest) -> SupportUser | None:
    """Return who is here as support in this request, as the middleware found."""
    found = getattr(request, "support", None)
    return found if isinstance(found, SupportUser) else None


def support_actor(visit: SupportVisit) -> Actor:
    """Return the actor of an operator under a grant. Its id is the grant's, which ties
    together in the audit trail all that was done under it."""
    return Actor(
        kind="support",
        id=visit.grant_id,
        label=f"Support ({visit.operator_name})"[:LABEL_LENGTH],
        permissions=visit.grant.permissions,
    )
