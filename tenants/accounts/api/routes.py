"""Routes that `config.api` joins."""

from tenants.accounts.api.clients import ClientViewSet

routes = [("clients", ClientViewSet, "client")]
