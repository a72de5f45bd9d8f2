"""Clients in the API."""

from rest_framework import mixins, serializers

from governance.api.bodies import KnownFields
from governance.api.choices import OneOf
from governance.api.filters import KnownFilters
from tenants.accounts.api.scope import ClientScopedViewSet
from tenants.accounts.models import Client
from tenants.accounts.services.clients import add_client, change_client


class ClientSerializer(KnownFields[Client], serializers.ModelSerializer[Client]):
    """A client as the API shows and takes it."""

    serializer_choice_field = OneOf

    class Meta:
        model = Client
        fields = (
            "id",
            "name",
            "slug",
            "time_zone",
            "currency",
            "locale",
            "status",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("id", "slug", "created_at", "updated_at")


class ClientFilters(KnownFilters):
    """What the list of clients can be narrowed by."""

    client = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, source="pk", help_text="Only this one."
    )


class ClientViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    ClientScopedViewSet[Client],
):
    """The partner's clients; a client's own token sees that client alone."""

    serializer_class = ClientSerializer
    filters = ClientFilters
    queryset = Client.objects.all()
    client_path = "pk"
    http_method_names = ["get", "post", "patch", "head", "options"]
    required = {
        "list": "clients.view",
        "retrieve": "clients.view",
        "create": "clients.manage",
        "partial_update": "clients.manage",
    }

    def perform_create(self, serializer: serializers.BaseSerializer[Client]) -> None:
        values = dict(serializer.validated_data)
        values.pop("status", None)
        serializer.instance = add_client(self.actor, **values)

    def perform_update(self, serializer: serializers.BaseSerializer[Client]) -> None:
        client = serializer.instance
        assert client is not None
        serializer.instance = change_client(self.actor, client, **serializer.validated_data)
