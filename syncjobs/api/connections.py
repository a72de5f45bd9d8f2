"""Connections in the API: their health, never their secrets."""

from rest_framework import mixins

from syncjobs.api.serializers import ConnectionSerializer
from syncjobs.models import Connection
from tenants.accounts.api.scope import ClientScopedViewSet


class ConnectionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Connection]
):
    """Systems that are connected."""

    serializer_class = ConnectionSerializer
    queryset = Connection.objects.all()
    required = {"list": "connections.view", "retrieve": "connections.view"}
