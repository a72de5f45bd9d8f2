"""Mappings, their versions and the preview in the API."""

from collections.abc import Sequence
from dataclasses import asdict

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mappings.api.parsers import ExactJSONParser
from mappings.api.serializers import (
    ComparisonSerializer,
    DraftRequestSerializer,
    MappingSerializer,
    OverlayRequestSerializer,
    PreviewRequestSerializer,
    PreviewSerializer,
    VersionSerializer,
)
from mappings.documents import Problem
from mappings.engine import Mapped, RuleTrace
from mappings.models import Mapping, MappingVersion
from mappings.services.overlays import ensure_overlay
from mappings.services.preview import preview_for
from mappings.services.transfer import compared, exported, import_draft
from mappings.services.versions import save_draft
from tenants.accounts.api.scope import ClientScopedViewSet
from tenants.accounts.models import Client


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
        "compare": "mappings.view",
        "export": "mappings.view",
        "draft": "mappings.edit",
        "overlay": "mappings.edit",
    }

    def own(self, rows: QuerySet[Mapping]) -> QuerySet[Mapping]:
        """A client's token also sees the partner's mappings: its records go through them."""
        own = self.actor.client_id
        return rows if own is None else rows.filter(Q(client_id=own) | Q(client=None))

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
                "results": [_made(one) for one in shown.results],
                "part": shown.part,
                "rows": [_row(one) for one in shown.rows],
                "faults": _said(shown.faults),
                "problems": _said(shown.problems),
                "holds": _said(shown.holds),
                "warnings": _said(shown.warnings),
            }
        )

    @extend_schema(
        parameters=[OpenApiParameter("from", int), OpenApiParameter("to", int)],
        responses=ComparisonSerializer,
    )
    @action(detail=True)
    def compare(self, request: Request, pk: str) -> Response:
        """Tell what differs between two versions, rule by rule. `to`: the live one if unsaid."""
        mapping = self.get_object()
        after = self._version(mapping, request.query_params.get("to", ""))
        before = self._version(mapping, request.query_params.get("from", ""))
        found = compared(before, after)
        return Response(
            {
                "from": before.number,
                "to": after.number,
                "changes": [
                    {**asdict(one), "origin": found.own.get(one.id, "")}
                    for one in found.changes
                    if one.change != "same"
                ],
                "same": sum(one.change == "same" for one in found.changes),
            }
        )

    @extend_schema(
        parameters=[OpenApiParameter("version", int)],
        responses={(200, "application/yaml"): OpenApiTypes.STR},
    )
    @action(detail=True)
    def export(self, request: Request, pk: str) -> HttpResponse:
        """Return a version as YAML, the live one if none is named."""
        version = self._version(self.get_object(), request.query_params.get("version", ""))
        return HttpResponse(exported(version), content_type="application/yaml; charset=utf-8")

    @extend_schema(request=DraftRequestSerializer, responses={201: VersionSerializer})
    @action(detail=True, methods=["post"], parser_classes=[ExactJSONParser])
    def draft(self, request: Request, pk: str) -> Response:
        """Keep a document, or a YAML text, as a draft. What is wrong is a 400 that says it."""
        mapping = self.get_object()
        asked = DraftRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        note, text = asked.validated_data["note"], asked.validated_data.get("yaml")
        if text is not None:
            made = import_draft(self.actor, mapping, text, note=note)
        else:
            made = save_draft(self.actor, mapping, asked.validated_data["document"], note=note)
        return Response(VersionSerializer(made).data, status=201)

    @extend_schema(request=OverlayRequestSerializer, responses=MappingSerializer)
    @action(detail=True, methods=["post"])
    def overlay(self, request: Request, pk: str) -> Response:
        """Return a client's overlay of this mapping, made empty when there is none."""
        template = self.get_object()
        asked = OverlayRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        client = get_object_or_404(Client, pk=asked.validated_data["client"])
        return Response(MappingSerializer(ensure_overlay(self.actor, template, client.pk)).data)

    def _version(self, mapping: Mapping, number: str) -> MappingVersion:
        """Return the version of a number, the live one for none. Raises Http404."""
        rows = mapping.versions.all()
        if self.actor.client_id is not None and mapping.client_id is None:
            rows = rows.filter(state__in=("live", "retired"))
        if number and not (number.isascii() and number.isdecimal() and len(number) < 9):
            raise Http404
        asked = {"number": int(number)} if number else {"pk": mapping.live_id or 0}
        version = get_object_or_404(rows, **asked)
        version.mapping = mapping
        return version


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


def _made(one: Mapped) -> dict[str, object]:
    return {
        "result": one.data,
        "problems": _said(one.problems),
        "holds": _said(one.holds),
        "warnings": _said(one.warnings),
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
