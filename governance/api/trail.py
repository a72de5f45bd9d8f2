"""The audit trail for programs."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from governance.api.serializers import AuditEntrySerializer, AuditFilterSerializer
from governance.models import AuditEntry
from governance.requests import actor_of
from governance.services.trail import Filters, trail


class TrailPages(api_settings.DEFAULT_PAGINATION_CLASS):  # type: ignore[misc,name-defined]  # a setting names it
    """The API's usual pages, in the order of the trail's indexes."""

    ordering = ("-at", "-id")


class AuditEntryViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AuditEntry]
):
    """Audit entries, newest first. A client's token reads its own client's only."""

    required = {"list": "audit.view", "retrieve": "audit.view"}
    queryset = AuditEntry.objects.none()
    serializer_class = AuditEntrySerializer
    pagination_class = TrailPages
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Return what the actor may read, filtered by the address in a list."""
        actor = actor_of(self.request._request)
        if self.action != "list":
            return trail(actor, Filters())
        asked = AuditFilterSerializer(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return trail(actor, Filters(**asked.validated_data))

    @extend_schema(parameters=[AuditFilterSerializer])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List entries, newest first."""
        return super().list(request, *args, **kwargs)
