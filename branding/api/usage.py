"""Usage in the API: one row per client, workflow, meter and day."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from branding.api.months import month_of
from branding.models import UsageDay
from tenants.accounts.api.scope import ClientScopedViewSet

CLIENT = OpenApiParameter("client", int, description="Only this client's.")
MONTH = OpenApiParameter("month", str, description="Only this month's, as 2026-11.")


class UsageSerializer(serializers.ModelSerializer[UsageDay]):
    """A day of the client's own time zone."""

    workflow = serializers.CharField(source="workflow_label")

    class Meta:
        model = UsageDay
        fields = ("client", "day", "workflow_id", "workflow", "meter", "quantity")


@extend_schema_view(list=extend_schema(parameters=[CLIENT, MONTH]))
class UsageViewSet(mixins.ListModelMixin, ClientScopedViewSet[UsageDay]):
    """What was counted: the first successful delivery of each record version."""

    serializer_class = UsageSerializer
    queryset = UsageDay.objects.all()
    required = {"list": "usage.view"}

    def get_queryset(self) -> QuerySet[UsageDay]:
        rows = super().get_queryset()
        month = month_of(self.request)
        return rows.filter(day__range=(month.first, month.last)) if month else rows
