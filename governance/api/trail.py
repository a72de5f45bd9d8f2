"""The audit trail for programs."""

from django.db.models import QuerySet
from rest_framework import mixins
from rest_framework.settings import api_settings

from governance.api.filters import FilteredViewSet
from governance.api.serializers import AuditEntrySerializer, AuditFilterSerializer
from governance.models import AuditEntry
from governance.requests import actor_of
from governance.services.trail import Filters, trail


class TrailPages(api_settings.DEFAULT_PAGINATION_CLASS):  # type: ignore[misc,name-defined]  # a setting names it
    """The API's usual pages, in the order of the trail's indexes."""

    ordering = ("-at", "-id")


class AuditEntryViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, FilteredViewSet[AuditEntry]
):
    """Audit entries, newest first. A client's token reads its own client's only."""

    required = {"list": "audit.view", "retrieve": "audit.view"}
    filters = AuditFilterSerializer
    queryset = AuditEntry.objects.none()
    serializer_class = AuditEntrySerializer
    pagination_class = TrailPages
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Return what the actor may read, filtered by the address in a list."""
        actor = actor_of(self.request._request)
        return trail(actor, Filters(**self.asked))
