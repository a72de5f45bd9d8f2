"""Outgoing webhooks in the API: endpoints, and what was sent to them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.bodies import KnownFields
from governance.api.choices import OneOf
from syncjobs.models import Endpoint, Message
from syncjobs.services import endpoints
from syncjobs.state import MESSAGE
from syncjobs.telling.kinds import KINDS
from tenants.accounts.api.scope import ClientScopedViewSet, ListFilters
from tenants.accounts.models import Client
from tenants.nouns import in_words

_MOST = 2**63 - 1


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    """An address that messages are posted to. `client`: whose things alone it hears of."""

    listens = serializers.ListField(child=serializers.CharField(max_length=40))
    host = serializers.CharField(read_only=True)

    class Meta:
        model = Endpoint
        fields = (
            "id",
            "client",
            "name",
            "url",
            "host",
            "listens",
            "state",
            "state_reason",
            "failing_since",
            "last_ok_at",
            "created_at",
        )
        read_only_fields = fields


class EndpointAskedSerializer(KnownFields[Any]):
    """An endpoint to be. `client`: only that client's things; a client's token has no choice."""

    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=500)
    listens = serializers.ListField(
        child=OneOf(choices=KINDS), allow_empty=False, max_length=len(KINDS)
    )
    client = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=_MOST)


class EndpointChangeSerializer(KnownFields[Any]):
    """What is to change of an endpoint; `on` switches it on or off."""

    name = serializers.CharField(max_length=80, required=False)
    url = serializers.CharField(max_length=500, required=False)
    listens = serializers.ListField(
        child=OneOf(choices=KINDS),
        allow_empty=False,
        required=False,
        max_length=len(KINDS),
    )
    on = serializers.BooleanField(required=False)


class EndpointMadeSerializer(EndpointSerializer):
    """An endpoint with the secret that its messages are signed with, which is told this once."""

    secret = serializers.CharField(read_only=True)

    class Meta:
        model = Endpoint
        fields = (*EndpointSerializer.Meta.fields, "secret")
        read_only_fields = fields


class SentAttemptSerializer(serializers.Serializer[Any]):
    """One attempt; `status` 0 when no answer came."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField()
    error = serializers.CharField()
    ms = serializers.IntegerField()


class SentSerializer(serializers.ModelSerializer[Message]):
    """One message: the `webhook_id` that every attempt carries, its body, and its attempts."""

    webhook_id = serializers.CharField(read_only=True)
    attempts = SentAttemptSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = (
            "id",
            "webhook_id",
            "endpoint",
            "type",
            "body",
            "state",
            "attempts",
            "due_at",
            "created_at",
            "ended_at",
        )
        read_only_fields = fields


class MessageFilters(ListFilters):
    """Filters of messages."""

    client = serializers.IntegerField(
        required=False, min_value=1, max_value=_MOST, source="endpoint__client_id"
    )
    endpoint = serializers.IntegerField(
        required=False, min_value=1, max_value=_MOST, source="endpoint_id"
    )
    state = OneOf(required=False, choices=MESSAGE.choices)


class EndpointViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Endpoint]
):
    """Where messages go; a client's token sees those that the client's own people keep."""

    serializer_class = EndpointSerializer
    filters = ListFilters
    queryset = Endpoint.objects.all()
    client_path = "keeper_id"
    required = dict.fromkeys(
        ("list", "retrieve", "create", "partial_update", "destroy", "secret", "test", "again"),
        endpoints.PERMISSION,
    )

    @extend_schema(request=EndpointAskedSerializer, responses={201: EndpointMadeSerializer})
    def create(self, request: Request) -> Response:
        """Add an endpoint; this answer is the one that holds its secret."""
        asked = EndpointAskedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = {**asked.validated_data, "client": self._client(asked.validated_data.get("client"))}
        made, secret = endpoints.add_endpoint(self.actor, **given)
        return self._made(made, secret, status.HTTP_201_CREATED)

    @extend_schema(request=EndpointChangeSerializer, responses=EndpointSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change its name, its address, what it hears of, or whether it is on."""
        asked = EndpointChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = endpoints.change_endpoint(self.actor, self.get_object(), **asked.validated_data)
        return Response(EndpointSerializer(row).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove it with its messages."""
        endpoints.remove_endpoint(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={201: EndpointMadeSerializer})
    @action(detail=True, methods=["post"])
    def secret(self, request: Request, pk: str) -> Response:
        """Make a new secret; for a day messages are signed with the one before, too."""
        endpoint = self.get_object()
        secret = endpoints.rotate_secret(self.actor, endpoint)
        return self._made(endpoint, secret, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={202: SentSerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Send a message of the type webhook.test."""
        sent = endpoints.send_test(self.actor, self.get_object())
        return Response(SentSerializer(sent).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: EndpointSerializer})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: str) -> Response:
        """Send all that failed again, under the ids that they had."""
        endpoint = self.get_object()
        endpoints.send_failed_again(self.actor, endpoint)
        return Response(EndpointSerializer(endpoint).data, status=status.HTTP_202_ACCEPTED)

    def _client(self, wanted: int | None) -> Client | None:
        """Return the client that was asked for, of those that there are for who asks."""
        if wanted is None:
            return None
        own = self.actor.client_id
        rows = Client.objects.all() if own is None else Client.objects.filter(pk=own)
        found = rows.filter(pk=wanted).first()
        if found is None:
            raise serializers.ValidationError({"client": in_words("There is no such client.")})
        return found

    def _made(self, endpoint: Endpoint, secret: str, code: int) -> Response:
        endpoint.secret = secret  # type: ignore[attr-defined]  # for this one answer
        return Response(EndpointMadeSerializer(endpoint).data, status=code)


class MessageViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Message]
):
    """What was sent, with its attempts."""

    serializer_class = SentSerializer
    filters = MessageFilters
    queryset = Message.objects.all()
    client_path = "endpoint__keeper_id"
    required = dict.fromkeys(("list", "retrieve", "again"), endpoints.PERMISSION)

    def get_queryset(self) -> QuerySet[Message]:
        return super().get_queryset().select_related("endpoint")

    @extend_schema(request=None, responses={202: SentSerializer})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: str) -> Response:
        """Send it again now, with all its attempts, under the same id."""
        sent = endpoints.send_again(self.actor, self.get_object())
        return Response(SentSerializer(sent).data, status=status.HTTP_202_ACCEPTED)
