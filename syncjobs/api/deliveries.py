"""Records and deliveries in the API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from syncjobs.api.filters import DeliveryFilters, RecordFilters
from syncjobs.api.lineage import LineageSerializer, lineage_data
from syncjobs.api.serializers import (
    CorrectionSerializer,
    DeliveryDetailSerializer,
    DeliverySerializer,
    MakeAgainSerializer,
    ReasonSerializer,
    RecordSerializer,
)
from syncjobs.api.workflows import make_again_of, reason_of
from syncjobs.indicators.lineage import lineage
from syncjobs.models import CanonicalRecord, Delivery
from syncjobs.services import anew, corrections, deliveries, hold_releases
from tenants.accounts.api.scope import ClientScopedViewSet


class RecordViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[CanonicalRecord]
):
    """Canonical records."""

    serializer_class = RecordSerializer
    filters = RecordFilters
    queryset = CanonicalRecord.objects.filter(version__gt=0).prefetch_related("refs")
    required = {
        "list": "records.view",
        "retrieve": "records.view",
        "lineage": "records.view",
        "correct": "exceptions.work",
    }

    @extend_schema(responses=LineageSerializer)
    @action(detail=True)
    def lineage(self, request: Request, pk: str) -> Response:
        """Tell where a record came from and what became of it, as its page does: versions,
        events, deliveries with their tries, numbers in other systems, entries of the audit trail.
        """
        return Response(lineage_data(self.actor, lineage(self.get_object())))

    @extend_schema(request=CorrectionSerializer, responses=RecordSerializer)
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """Correct one field here, not in the source, and try again what failed over it.

        Holds until the source changes the record. Only texts that decide nothing about billing
        can be corrected here.
        """
        record = self.get_object()
        asked = CorrectionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        corrections.correct_record(
            self.actor,
            record,
            field=given["field"],
            text=given["value"],
            reason=given["reason"],
        )
        return Response(RecordSerializer(self.get_object()).data)


class DeliveryViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Delivery]
):
    """What was or will be written."""

    filters = DeliveryFilters
    queryset = Delivery.objects.all()
    required = {
        "list": "records.view",
        "retrieve": "records.view",
        "retry": "exceptions.work",
        "cancel": "exceptions.work",
        "skip": "exceptions.work",
        "make_again": "exceptions.work",
        "release": "exceptions.work",
    }

    def get_serializer_class(self) -> type[BaseSerializer[Delivery]]:
        return DeliverySerializer if self.action == "list" else DeliveryDetailSerializer

    def get_queryset(self) -> QuerySet[Delivery]:
        rows = super().get_queryset()
        if self.action == "retrieve":
            rows = rows.prefetch_related("tries", "holds")
        return rows

    @extend_schema(request=ReasonSerializer, responses=DeliveryDetailSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Try again now; an outcome that is not known is looked up first."""
        deliveries.retry_delivery(self.actor, self.get_object(), reason=reason_of(request))
        return Response(DeliveryDetailSerializer(self.get_object()).data)

    @extend_schema(request=ReasonSerializer, responses=DeliveryDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Give up on it; nothing is written any more for this version of the record."""
        deliveries.cancel_delivery(self.actor, self.get_object(), reason=reason_of(request))
        return Response(DeliveryDetailSerializer(self.get_object()).data)

    @extend_schema(request=ReasonSerializer, responses=DeliveryDetailSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> Response:
        """Take it as done there by hand; nothing is written, and what waits for it goes on."""
        deliveries.skip_delivery(self.actor, self.get_object(), reason=reason_of(request))
        return Response(DeliveryDetailSerializer(self.get_object()).data)

    @extend_schema(request=MakeAgainSerializer, responses=DeliveryDetailSerializer)
    @action(detail=True, methods=["post"], url_path="make-again")
    def make_again(self, request: Request, pk: str) -> Response:
        """Make its record again where it was deleted by hand, after asking there by its number.
        Where that cannot be asked, only if `doubtful`.
        """
        anew.make_again(self.actor, self.get_object(), **make_again_of(request))
        return Response(DeliveryDetailSerializer(self.get_object()).data)

    @extend_schema(request=ReasonSerializer, responses=DeliveryDetailSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Let it pass the gates that hold it. Where a gate asks for approval, this asks for it:
        the delivery stays on hold until others have signed the change request.
        """
        row = self.get_object()
        holds = list(
            row.holds.filter(released_at=None).select_related(
                "delivery__workflow_version", "delivery__record"
            )
        )
        if not holds:
            raise ValidationError({"detail": "Nothing holds it."})
        hold_releases.release_holds(self.actor, holds, reason=reason_of(request))
        return Response(DeliveryDetailSerializer(self.get_object()).data)
