"""Connections in the API: their health, never their secrets; and the files that they take in."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from syncjobs.api.filters import ConnectionFilters
from syncjobs.api.serializers import ConnectionSerializer, FileSerializer, TakenSerializer
from syncjobs.models import Connection
from syncjobs.services import files
from tenants.accounts.api.scope import ClientScopedViewSet


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
