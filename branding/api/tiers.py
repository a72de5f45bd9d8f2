"""Tiers in the API."""

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers

from branding.commercial.months import Month
from branding.models import Tier, TierVersion
from governance.api.filters import KnownFilters
from tenants.accounts.api.scope import ClientScopedViewSet


class BandSerializer(serializers.Serializer[dict[str, object]]):
    """The price of each delivery beyond the included volume, up to `up_to` of them."""

    up_to = serializers.IntegerField(allow_null=True)
    price = serializers.CharField()


class EscalationSerializer(serializers.Serializer[dict[str, object]]):
    """After so much of the time to solve it, an exception goes to the holders of a role."""

    percent = serializers.IntegerField()
    role = serializers.CharField()


class TierVersionSerializer(serializers.ModelSerializer[TierVersion]):
    """What a tier asks for from a month on."""

    base_fee = serializers.DecimalField(None, None, source="prices.base_fee")
    bands = BandSerializer(many=True)
    escalation = EscalationSerializer(many=True)

    class Meta:
        model = TierVersion
        fields = (
            "starts_on",
            "base_fee",
            "included",
            "bands",
            "workflows_included",
            "connections_included",
            "sla_hours",
            "escalation",
            "sla_credit",
            "sla_credit_cap",
        )


class TierSerializer(serializers.ModelSerializer[Tier]):
    """A tier with all its prices by month, and those in force now."""

    offered = serializers.SerializerMethodField()
    current = serializers.SerializerMethodField()
    versions = TierVersionSerializer(many=True)

    class Meta:
        model = Tier
        fields = (
            "id",
            "name",
            "description",
            "currency",
            "co_branding",
            "offered",
            "current",
            "versions",
        )

    def get_offered(self, tier: Tier) -> bool:
        """Whether it takes new clients."""
        return tier.retired_at is None

    @extend_schema_field(TierVersionSerializer(allow_null=True))
    def get_current(self, tier: Tier) -> dict[str, object] | None:
        """The prices of this month; null before the first."""
        first = Month.of(timezone.localdate()).first
        now = next((one for one in tier.versions.all() if one.starts_on <= first), None)
        return dict(TierVersionSerializer(now).data) if now else None


class TierFilters(KnownFilters):
    """What the price list can be narrowed by."""

    client = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        source="subscriptions__client_id",
        help_text="Only those that this client is or was on.",
    )


class TierViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Tier]):
    """The price list. A token for one client sees the tiers that this client is or was on."""

    serializer_class = TierSerializer
    filters = TierFilters
    queryset = Tier.objects.prefetch_related("versions")
    client_path = "subscriptions__client_id"
    required = {"list": "prices.view", "retrieve": "prices.view"}

    def get_queryset(self) -> QuerySet[Tier]:
        return super().get_queryset().distinct()
