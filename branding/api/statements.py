"""Statements in the API: issued ones as rows, and the draft of a month."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from branding.api.months import MonthFilters, month_of
from branding.api.usage import MONTH
from branding.commercial.months import Month
from branding.commercial.pages import today_of
from branding.commercial.rows import Row, rows_of_draft, rows_of_statement
from branding.commercial.sheet import csv_answer, sheet_of, sheet_of_draft
from branding.models import Statement
from branding.services.statements import ClientMonth, client_month
from governance.lists import number_in
from tenants.accounts.api.scope import ClientScopedViewSet
from tenants.accounts.models import Client
from tenants.nouns import in_words

WHICH = "Which client; needed by a token for all clients."


class LineSerializer(serializers.Serializer[Row]):
    """One line. kind: base, included, overage, discount, credit or fee.

    quantity: days of a base fee, deliveries, one for a fee or a discount. name, why: what a fee
    is called, and what it is for. agreed: whether it is one firm's own price instead of its
    tier's. percent: a discount's, of unit_price, or a credit's, of the base fee, which is given
    for so many (quantity) that were late and stops at cap per cent.
    """

    kind = serializers.ChoiceField(["base", "included", "overage", "discount", "credit", "fee"])
    tier = serializers.CharField(source="tier_name")
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    quantity = serializers.IntegerField()
    unit_price = serializers.DecimalField(None, None)
    amount = serializers.DecimalField(None, None)
    first = serializers.IntegerField(allow_null=True)
    last = serializers.IntegerField(allow_null=True)
    name = serializers.CharField(source="told.label")
    why = serializers.CharField(source="told.why")
    agreed = serializers.BooleanField(source="told.agreed")
    percent = serializers.CharField(source="told.percent")
    cap = serializers.CharField(source="told.cap")


class StatementSerializer(serializers.ModelSerializer[Statement]):
    """An issued statement; it never changes."""

    month = serializers.SerializerMethodField()
    total = serializers.DecimalField(None, None, source="rounded_total")
    lines = serializers.SerializerMethodField()

    class Meta:
        model = Statement
        fields = (
            "number",
            "client",
            "month",
            "currency",
            "total",
            "used",
            "included",
            "outside",
            "issued_at",
            "lines",
        )

    def get_month(self, statement: Statement) -> str:
        """The month as 2026-11."""
        return str(statement.period)

    def get_lines(self, statement: Statement) -> list[dict[str, Any]]:
        """The lines in order."""
        rows = rows_of_statement(statement.lines.all(), statement.currency)
        return [dict(LineSerializer(row).data) for row in rows]


class DraftSerializer(serializers.Serializer[ClientMonth]):
    """A month as it stands, and what it will come to if its days go on so."""

    client = serializers.IntegerField(source="client.pk")
    month = serializers.CharField(source="draft.month")
    currency = serializers.CharField(source="draft.currency")
    total = serializers.DecimalField(None, None, source="draft.total")
    used = serializers.IntegerField(source="draft.used")
    included = serializers.IntegerField(source="draft.included")
    outside = serializers.IntegerField(source="draft.outside")
    forecast_used = serializers.IntegerField(source="forecast.volume")
    forecast_total = serializers.DecimalField(None, None, source="forecast.cost")
    lines = serializers.SerializerMethodField()

    def get_lines(self, seen: ClientMonth) -> list[dict[str, Any]]:
        """The lines in order."""
        return [dict(LineSerializer(row).data) for row in rows_of_draft(seen.draft)]


class StatementViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Statement]
):
    """Issued statements by number."""

    serializer_class = StatementSerializer
    filters = MonthFilters
    queryset = Statement.objects.prefetch_related("lines")
    lookup_field = "number"
    lookup_value_regex = "[0-9]+"
    required = {
        "list": "statements.view",
        "retrieve": "statements.view",
        "table": "statements.view",
        "draft": "statements.view",
        "draft_table": "statements.view",
    }

    @extend_schema(
        parameters=[
            OpenApiParameter("client", int, description=WHICH),
            MONTH,
        ],
        responses=DraftSerializer,
        filters=False,
    )
    @action(detail=False)
    def draft(self, request: Request) -> Response:
        """The draft of a client's month, this month's without `month`."""
        client = self._client(request)
        month = month_of(request) or Month.of(today_of(client))
        return Response(DraftSerializer(client_month(client, month)).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, url_path="csv")
    def table(self, request: Request, number: str) -> HttpResponse:
        """The statement's lines and its total as CSV."""
        return csv_answer(sheet_of(self.get_object()))

    @extend_schema(
        parameters=[OpenApiParameter("client", int, description=WHICH), MONTH],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        filters=False,
    )
    @action(detail=False, url_path="draft/csv", pagination_class=None)
    def draft_table(self, request: Request) -> HttpResponse:
        """The draft's lines and its total as CSV."""
        client = self._client(request)
        month = month_of(request) or Month.of(today_of(client))
        return csv_answer(sheet_of_draft(client_month(client, month)))

    def _client(self, request: Request) -> Client:
        """The client of the token, or the one that is asked for; 404 for any other."""
        own, wanted = self.actor.client_id, request.query_params.get("client", "")
        if not wanted and own is not None:
            return Client.objects.get(pk=own)
        number = number_in(wanted)
        if number is None:
            raise serializers.ValidationError({"client": [in_words("Say which client.")]})
        clients = Client.objects.filter(pk=own) if own is not None else Client.objects.all()
        return get_object_or_404(clients, pk=number)
