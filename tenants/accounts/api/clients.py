"""Clients in the API."""

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets

from governance.requests import actor_of
from tenants.accounts.models import Client
from tenants.accounts.services.clients import add_client, change_client


class ClientSerializer(serializers.ModelSerializer[Client]):
    """A client as the API shows and takes it."""

    class Meta:
        model = Client
        fields = (
            "id", "name", "slug", "time_zone", "currency", "locale", "status",
            "created_at", "updated_at",
        )
        read_only_fields = ("id", "slug", "created_at", "updated_at")


class ClientViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Client],
):
    """The partner's clients; a client's own token sees that client alone."""

    serializer_class = ClientSerializer
    queryset = Client.objects.all()
    http_method_names = ["get", "post", "patch", "head", "options"]
    required = {
        "list": "clients.view",
        "retrieve": "clients.view",
        "create": "clients.manage",
        "partial_update": "clients.manage",
    }

    def get_queryset(self) -> QuerySet[Client]:
        actor = actor_of(self.request._request)
        clients = super().get_queryset()
        return clients if actor.client_id is None else clients.filter(pk=actor.client_id)

    def perform_create(self, serializer: serializers.BaseSerializer[Client]) -> None:
        values = dict(serializer.validated_data)
        values.pop("status", None)
        serializer.instance = add_client(actor_of(self.request._request), **values)

    def perform_update(self, serializer: serializers.BaseSerializer[Client]) -> None:
        client = serializer.instance
        assert client is not None
        serializer.instance = change_client(
            actor_of(self.request._request), client, **serializer.validated_data
        )
