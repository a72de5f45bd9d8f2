"""Mappings, their versions and the preview in the API."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mappings.api.parsers import ExactJSONParser
from mappings.api.serializers import (
    MappingSerializer,
    PreviewRequestSerializer,
    PreviewSerializer,
    VersionSerializer,
)
from mappings.documents import Problem
from mappings.engine import RuleTrace
from mappings.models import Mapping
from mappings.services.preview import preview_for
from tenants.accounts.api.scope import ClientScopedViewSet


class MappingViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Mapping]
):
    """Mappings: the partner's own, and those of one client."""

    serializer_class = MappingSerializer
    queryset = Mapping.objects.select_related("live")
    required = {
        "list": "mappings.view",
        "retrieve": "mappings.view",
        "versions": "mappings.view",
        "preview": "mappings.view",
    }

    def get_queryset(self) -> QuerySet[Mapping]:
        """A client's token also sees the partner's mappings: its records go through them."""
        if self.actor.client_id is None:
            return super().get_queryset()
        rows = Mapping.objects.select_related("live")
        return rows.filter(Q(client_id=self.actor.client_id) | Q(client=None))

    @extend_schema(responses=VersionSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def versions(self, request: Request, pk: str) -> Response:
        """Return the newest 50 versions."""
        rows = self.get_object().versions.all()[:50]
        return Response(VersionSerializer(rows, many=True).data)

    @extend_schema(request=PreviewRequestSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"], parser_classes=[ExactJSONParser])
    def preview(self, request: Request, pk: str) -> Response:
        """Map a sample and write nothing. References stand for themselves."""
        mapping = self.get_object()
        asked = PreviewRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        document = asked.validated_data.get("document")
        if document is None:
            document = mapping.live.document if mapping.live else {}
        shown = preview_for(mapping, document, asked.validated_data["sample"])
        return Response(
            {
                "result": shown.data,
                "rows": [_row(one) for one in shown.rows],
                "faults": _said(shown.faults),
                "problems": _said(shown.problems),
                "holds": _said(shown.holds),
                "warnings": _said(shown.warnings),
            }
        )


def _said(problems: Sequence[Problem]) -> list[dict[str, object]]:
    return [_problem(one) for one in problems]


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "message": problem.message,
        "rule": problem.rule,
        "target": problem.target,
        "path": problem.source,
    }


def _row(row: RuleTrace) -> dict[str, object]:
    return {
        "rule": row.rule,
        "target": row.target,
        "path": row.source,
        "taken": row.taken,
        "steps": [{"name": step.name, "value": step.value} for step in row.steps],
        "value": row.value,
        "skipped": row.skipped,
        "problem": _problem(row.problem) if row.problem else None,
    }
