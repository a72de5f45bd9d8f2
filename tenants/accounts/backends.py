"""Checks addresses and passwords against the schema of the request's host."""

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from tenants.accounts.models import User
from tenants.accounts.person_row import active_person


class AccountBackend(BaseBackend):
    """Password sign-in; permissions come from `User.has_perm` alone."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: object,
    ) -> User | None:
        """Return the active person with this address and password, or None.

        An unknown address costs as much time as a wrong password.
        """
        if not username or password is None:
            return None
        user = User.objects.filter(email=username.strip().lower()).first()
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """Return the active person of a session, with roles fetched at once."""
        return active_person(user_id)
