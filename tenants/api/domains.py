"""Domains in the API."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.actors import Actor
from governance.api.bodies import KnownFields
from governance.api.filters import FilteredViewSet
from governance.requests import actor_of
from tenants.models import Domain, Partner
from tenants.services import domains
from tenants.services.domain_checks import check_now
from tenants.services.domain_records import Record, records_of


class DnsRecordSerializer(serializers.Serializer[Record]):
    """A DNS record to enter."""

    host = serializers.CharField()
    type = serializers.CharField()
    value = serializers.CharField()


class DomainSerializer(serializers.ModelSerializer[Domain]):
    """A domain, the records that it needs, and what the last check said."""

    used_for_links = serializers.BooleanField(source="is_primary", read_only=True)
    next_check_at = serializers.DateTimeField(source="check_after", read_only=True, allow_null=True)
    proof = serializers.CharField(source="proof_note", read_only=True)
    pointing = serializers.CharField(source="pointing_note", read_only=True)
    records = serializers.SerializerMethodField()

    class Meta:
        model = Domain
        fields = (
            "id",
            "domain",
            "kind",
            "state",
            "used_for_links",
            "proof",
            "pointing",
            "checked_at",
            "next_check_at",
            "created_at",
            "records",
        )

    @extend_schema_field(DnsRecordSerializer(many=True))
    def get_records(self, domain: Domain) -> list[dict[str, Any]]:
        """The records to enter."""
        return [dict(DnsRecordSerializer(record).data) for record in records_of(domain)]


class NewDomainSerializer(KnownFields[Any]):
    """A name to add. The service checks it."""

    domain = serializers.CharField(max_length=1000, trim_whitespace=False)
    kind = serializers.ChoiceField(Domain.Kind.choices)


class DomainViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, FilteredViewSet[Domain]):
    """The partner's addresses; a client's token never reaches them."""

    serializer_class = DomainSerializer
    queryset = Domain.objects.none()
    lookup_value_regex = "[0-9]{1,18}"
    required = dict.fromkeys(
        ("list", "retrieve", "create", "destroy", "check", "activate", "primary"),
        "domains.manage",
    )

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return actor_of(self.request._request)

    def get_queryset(self) -> QuerySet[Domain]:
        if getattr(self, "swagger_fake_view", False):
            return Domain.objects.none()
        self.actor.require("domains.manage", None)
        return domains.own_domains(self._partner()).select_related("tenant")

    def _partner(self) -> Partner:
        partner = getattr(self.request._request, "tenant", None)
        assert isinstance(partner, Partner)
        return partner

    @extend_schema(request=NewDomainSerializer, responses={201: DomainSerializer})
    def create(self, request: Request) -> Response:
        """Add a name; it waits for its proof."""
        asked = NewDomainSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        made = domains.add_domain(self.actor, self._partner(), data["domain"], data["kind"])
        return Response(DomainSerializer(made).data, status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: str) -> Response:
        """Stop serving a name at once."""
        domains.remove_domain(self.actor, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=DomainSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        """Look in DNS now."""
        return Response(DomainSerializer(check_now(self.actor, self.get_object())).data)

    @extend_schema(request=None, responses=DomainSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """Serve a proved name wherever it seems to point."""
        changed = domains.activate_domain(self.actor, self.get_object())
        return Response(DomainSerializer(changed).data)

    @extend_schema(request=None, responses=DomainSerializer)
    @action(detail=True, methods=["post"])
    def primary(self, request: Request, pk: str) -> Response:
        """Use this name for links in mails and invitations."""
        changed = domains.choose_for_links(self.actor, self.get_object())
        return Response(DomainSerializer(changed).data)
