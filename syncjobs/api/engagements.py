"""Engagements in the API: the four answers about each, with what they rest on."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from branding.viewer import Viewer
from governance.api.choices import OneOf
from syncjobs.api.engagement_serializers import (
    EngagementDetailSerializer,
    EngagementSerializer,
)
from syncjobs.indicators.engagements.answered import answered
from syncjobs.indicators.engagements.chosen import among, engagements, head_of, standing
from syncjobs.indicators.engagements.story import story_of
from syncjobs.models import CanonicalRecord
from tenants.accounts.api.scope import ClientScopedViewSet, ListFilters

# Numbers and days in sentences are written as the API's other texts are.
PLAIN = Viewer()
LATEST = 100


STOPPED = "stopped"


class EngagementFilters(ListFilters):
    """What the list of engagements can be narrowed by."""

    engagement = serializers.CharField(
        required=False, max_length=120, help_text="Only the one that the systems call so."
    )
    state = OneOf(
        required=False,
        choices=[STOPPED],
        help_text="Only those of which something goes on only when somebody acts.",
    )


class EngagementViewSet(ClientScopedViewSet[CanonicalRecord]):
    """Engagements by the identifier that a client's systems share."""

    filters = EngagementFilters
    queryset = CanonicalRecord.objects.all()
    serializer_class = EngagementSerializer
    required = {"list": "records.view", "retrieve": "records.view"}

    @extend_schema(responses=EngagementSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List engagements with the four answers about each."""
        asked = dict(self.asked)
        state = asked.pop("state", None)
        rows = engagements(self.own(self.queryset.all()).filter(**asked))
        if state == STOPPED:
            known = standing(self.actor.client_id)
            rows = rows.filter(among(key for key, stopped in known.items() if stopped))
        heads = self.paginate_queryset(rows.order_by("pk")) or []
        found = EngagementSerializer(answered(heads, PLAIN), many=True)
        return self.get_paginated_response(found.data)

    @extend_schema(responses=EngagementDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return the engagement of a record (its project's id, or any other of its records')."""
        (one,) = answered([head_of(self.get_object())], PLAIN)
        one.story = story_of(one.facts, self.actor, PLAIN.zone)[:LATEST]
        return Response(EngagementDetailSerializer(one).data)

    def get_object(self) -> CanonicalRecord:
        """Return the record that was asked for. Raises Http404 where it has no identifier."""
        record = super().get_object()
        if not record.engagement:
            raise Http404
        return record
