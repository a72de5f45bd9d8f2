"""Connections in the API: their health, never their secrets; and the files that they take in."""

from collections.abc import Callable
from typing import Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from syncjobs.api.asked import StreamSerializer
from syncjobs.api.exact_json import ExactJSONParser
from syncjobs.api.filters import ConnectionFilters
from syncjobs.api.serializers import (
    ConnectionSerializer,
    FileSerializer,
    RecordsSerializer,
    TakenSerializer,
)
from syncjobs.models import Connection, Stream
from syncjobs.services import connections, files
from tenants.accounts.api.scope import ClientScopedViewSet

MOST_OF_A_KEY: Final = 120
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="Your own name for this call. The same call again takes nothing in twice; other "
    "records under the same key are refused.",
)


class ConnectionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Connection]
):
    """Systems that are connected."""

    serializer_class = ConnectionSerializer
    filters = ConnectionFilters
    queryset = Connection.objects.all()
    required = {
        "list": "connections.view",
        "retrieve": "connections.view",
        "files": "connections.manage",
        "records": "connections.manage",
        "read_again": "connections.manage",
        "compare": "connections.manage",
        "confirm_deletions": "connections.manage",
    }

    @extend_schema(
        request={"multipart/form-data": FileSerializer}, responses={202: TakenSerializer}
    )
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def files(self, request: Request, pk: str) -> Response:
        """Take in a file (CSV, .xlsx, JSON Lines). With `check` nothing is stored."""
        connection = self.get_object()
        form = FileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data["file"]
        asked = {
            "object_": form.validated_data["object"],
            "name": given.name,
            "content": given.read(),
        }
        if form.validated_data["check"]:
            checked = files.check_file(self.actor, connection, **asked)
            taken = files.Taken(checked, 0, repeated=False)
        else:
            again = form.validated_data["again"]
            taken = files.take_file(self.actor, connection, **asked, again=again)
        return Response(TakenSerializer(taken).data, status=202)

    @extend_schema(
        request=RecordsSerializer, responses={202: TakenSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    @action(detail=True, methods=["post"], parser_classes=[ExactJSONParser])
    def records(self, request: Request, pk: str) -> Response:
        """Take in records as they are in their system, once for each `Idempotency-Key`."""
        connection = self.get_object()
        key = request.headers.get("Idempotency-Key", "").strip()
        if not key or len(key) > MOST_OF_A_KEY or not key.isprintable():
            text = f"Send a key of your own for these records, up to {MOST_OF_A_KEY} characters."
            raise ValidationError({"Idempotency-Key": text})
        form = RecordsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        taken = files.take_records(
            self.actor,
            connection,
            object_=form.validated_data["object"],
            records=form.validated_data["records"],
            key=key,
        )
        return Response(TakenSerializer(taken).data, status=202)

    @extend_schema(request=StreamSerializer, responses={202: ConnectionSerializer})
    @action(detail=True, methods=["post"], url_path="read-again")
    def read_again(self, request: Request, pk: str) -> Response:
        """Read one kind of record from its start again; what has not changed doubles nothing."""
        return self._of_stream(request, connections.read_again)

    @extend_schema(request=StreamSerializer, responses={202: ConnectionSerializer})
    @action(detail=True, methods=["post"])
    def compare(self, request: Request, pk: str) -> Response:
        """Compare what a source has of one kind with what is known, behind live work."""
        return self._of_stream(request, connections.compare_now)

    @extend_schema(request=StreamSerializer, responses={202: ConnectionSerializer})
    @action(detail=True, methods=["post"], url_path="confirm-deletions")
    def confirm_deletions(self, request: Request, pk: str) -> Response:
        """Say that what a comparison missed is deleted in the source: it asked, as it was much."""
        return self._of_stream(request, connections.confirm_deletions)

    def _of_stream(self, request: Request, change: Callable[..., object]) -> Response:
        connection = self.get_object()
        form = StreamSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        rows = Stream.objects.select_related("connection")
        stream = rows.filter(connection=connection, object=form.validated_data["object"]).first()
        if stream is None:
            raise ValidationError({"object": "Nothing of this kind is read there."})
        change(self.actor, stream, reason=form.validated_data["reason"])
        return Response(ConnectionSerializer(self.get_object()).data, status=202)
