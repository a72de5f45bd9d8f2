"""Routes that `config.api` joins."""

from rest_framework.viewsets import ViewSetMixin

from tenants.accounts.api.clients import ClientViewSet
from tenants.accounts.api.people import PersonViewSet, RoleViewSet

routes: list[tuple[str, type[ViewSetMixin], str]] = [
    ("clients", ClientViewSet, "client"),
    ("people", PersonViewSet, "person"),
    ("roles", RoleViewSet, "role"),
]
