"""Change requests for programs: they read them, and can apply what people approved."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from governance.actors import Actor
from governance.api.filters import FilteredViewSet
from governance.api.serializers import (
    ChangeFilterSerializer,
    ChangeRequestRowSerializer,
    ChangeRequestSerializer,
    SignatureSerializer,
)
from governance.errors import Refusal
from governance.models import ChangeRequest
from governance.requests import actor_of
from governance.services import changes
from governance.services.requests import visible_requests


class ChangeRefused(APIException):
    """A refusal of governance as an answer: 409, in its own words."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "change_refused"


class ChangeRequestViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    FilteredViewSet[ChangeRequest],
):
    """Change requests. A client's token sees its own client's; others do not exist for it."""

    required = {
        "list": "changes.view",
        "retrieve": "changes.view",
        "approve": "changes.approve",
        "apply": "changes.apply",
    }
    filters = ChangeFilterSerializer
    queryset = ChangeRequest.objects.none()
    serializer_class = ChangeRequestSerializer
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[ChangeRequest]:
        """Return what the actor can see, filtered by the address in a list."""
        found = visible_requests(self._actor())
        if self.action != "list":
            return found.prefetch_related("changes", "approvals")
        return found.filter(**self.asked)

    def get_serializer_class(self) -> type[BaseSerializer[ChangeRequest]]:
        """Return the short form for lists."""
        return ChangeRequestRowSerializer if self.action == "list" else ChangeRequestSerializer

    @extend_schema(request=SignatureSerializer, responses=ChangeRequestSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Never signs, as only a person who has signed in can: 403, or 409 where nothing waits."""
        sent = SignatureSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return self._answer(
            lambda: changes.approve(
                self._actor(),
                int(pk),
                content_hash=sent.validated_data["content_hash"],
                comment=sent.validated_data.get("comment", ""),
            )
        )

    @extend_schema(request=None, responses=ChangeRequestSerializer)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        """Make an approved request live. 409 with the reason when it cannot go in."""
        return self._answer(lambda: changes.apply(self._actor(), int(pk)))

    def _actor(self) -> Actor:
        return actor_of(self.request._request)

    def _answer(self, decision: Any) -> Response:
        try:
            decided = decision()
        except ChangeRequest.DoesNotExist as missing:
            raise Http404 from missing
        except Refusal as refusal:
            raise ChangeRefused(str(refusal)) from refusal
        return Response(ChangeRequestSerializer(decided).data)
