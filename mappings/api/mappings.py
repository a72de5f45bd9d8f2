"""Mappings, their versions and the preview in the API."""

from dataclasses import asdict

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mappings.models import Mapping, MappingVersion
from mappings.services.preview import preview
from tenants.accounts.api.scope import ClientScopedViewSet


class VersionSerializer(serializers.ModelSerializer[MappingVersion]):
    """One version of a mapping; it never changes."""

    class Meta:
        model = MappingVersion
        fields = ("number", "state", "hash", "document", "note", "created_at", "live_at")
        read_only_fields = fields


class MappingSerializer(serializers.ModelSerializer[Mapping]):
    """A mapping with its live version."""

    live = VersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Mapping
        fields = (
            "id",
            "slug",
            "name",
            "direction",
            "connector",
            "object",
            "canonical",
            "makes",
            "client",
            "live",
        )
        read_only_fields = fields


class PreviewRequestSerializer(serializers.Serializer[object]):
    """What to try: a sample, and a document (the live one when it is left out)."""

    sample = serializers.DictField()
    document = serializers.DictField(required=False)


class ProblemSerializer(serializers.Serializer[object]):
    """Something that stopped the sample: where, and what to do."""

    code = serializers.CharField()
    message = serializers.CharField()
    rule = serializers.CharField()
    target = serializers.CharField()
    source = serializers.CharField()


class PreviewSerializer(serializers.Serializer[object]):
    """The result for the sample, or null and the problems."""

    data = serializers.DictField(allow_null=True)
    problems = ProblemSerializer(many=True)


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
        rows = Mapping.objects.select_related("live")
        if self.actor.client_id is None:
            return rows
        return rows.filter(Q(client_id=self.actor.client_id) | Q(client=None))

    @extend_schema(responses=VersionSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def versions(self, request: Request, pk: str) -> Response:
        """Return the newest 50 versions."""
        rows = self.get_object().versions.all()[:50]
        return Response(VersionSerializer(rows, many=True).data)

    @extend_schema(request=PreviewRequestSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: str) -> Response:
        """Map a sample and write nothing."""
        mapping = self.get_object()
        asked = PreviewRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        document = asked.validated_data.get("document") or (
            mapping.live.document if mapping.live else {}
        )
        shown = preview(document, asked.validated_data["sample"], object_type=mapping.object_type)
        problems = [asdict(one) for one in shown.problems]
        return Response(PreviewSerializer({"data": shown.data, "problems": problems}).data)
