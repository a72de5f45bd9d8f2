"""Usage in the API: one row per client, workflow, meter and day."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import mixins, serializers

from branding.api.months import MonthFilters
from branding.commercial.months import Month
from branding.models import UsageDay
from tenants.accounts.api.scope import ClientScopedViewSet

MONTH = OpenApiParameter("month", str, description="Only this month's, as 2026-11.")


class UsageSerializer(serializers.ModelSerializer[UsageDay]):
    """A day of the client's own time zone."""

    workflow = serializers.CharField(source="workflow_label")

    class Meta:
        model = UsageDay
        fields = ("client", "day", "workflow_id", "workflow", "meter", "quantity")


class UsageFilters(MonthFilters):
    """Filters of days."""

    def within(self, month: Month) -> dict[str, object]:
        return {"day__range": (month.first, month.last)}


class UsageViewSet(mixins.ListModelMixin, ClientScopedViewSet[UsageDay]):
    """What was counted: the first successful delivery of each record version."""

    serializer_class = UsageSerializer
    filters = UsageFilters
    queryset = UsageDay.objects.all()
    required = {"list": "usage.view"}
