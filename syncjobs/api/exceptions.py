"""Exceptions in the API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from syncjobs.api.filters import ExceptionFilters
from syncjobs.api.serializers import (
    ExceptionDetailSerializer,
    ExceptionSerializer,
    ReasonSerializer,
    RetrySerializer,
)
from syncjobs.api.workflows import reason_of
from syncjobs.models import Issue
from syncjobs.services import issues
from tenants.accounts.api.scope import ClientScopedViewSet


class ExceptionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Issue]
):
    """What needs a person: one per cause."""

    filters = ExceptionFilters
    queryset = Issue.objects.all()
    required = {
        "list": "exceptions.view",
        "retrieve": "exceptions.view",
        "retry": "exceptions.work",
        "resolve": "exceptions.work",
    }

    def get_serializer_class(self) -> type[BaseSerializer[Issue]]:
        return ExceptionSerializer if self.action == "list" else ExceptionDetailSerializer

    def get_queryset(self) -> QuerySet[Issue]:
        rows = super().get_queryset()
        if self.action == "retrieve":
            rows = rows.prefetch_related("entries")
        return rows

    @extend_schema(request=RetrySerializer, responses=ExceptionDetailSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Try the deliveries of this cause again; what may be done twice only if `doubtful`."""
        form = RetrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        doubtful = bool(form.validated_data["doubtful"])
        issues.retry_issue(self.actor, self.get_object(), doubtful=doubtful)
        return Response(ExceptionDetailSerializer(self.get_object()).data)

    @extend_schema(request=ReasonSerializer, responses=ExceptionDetailSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Close it with a note; it reopens by itself when the cause comes back."""
        issues.resolve_issue(self.actor, self.get_object(), reason=reason_of(request))
        return Response(ExceptionDetailSerializer(self.get_object()).data)
