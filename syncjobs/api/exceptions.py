"""Exceptions in the API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from syncjobs.api.exception_serializers import (
    AssignSerializer,
    CommentSerializer,
    ExceptionDetailSerializer,
    ExceptionSerializer,
    RetriedSerializer,
)
from syncjobs.api.filters import ExceptionFilters
from syncjobs.api.serializers import (
    MakeAgainSerializer,
    ReasonSerializer,
    ResolveSerializer,
    RetrySerializer,
)
from syncjobs.api.workflows import make_again_of, reason_of
from syncjobs.models import Issue
from syncjobs.services import anew, issues
from tenants.accounts.api.scope import ClientScopedViewSet
from tenants.accounts.models import User


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
        "assign": "exceptions.work",
        "comment": "exceptions.work",
        "make_again": "exceptions.work",
        "skip": "exceptions.work",
    }

    def get_serializer_class(self) -> type[BaseSerializer[Issue]]:
        return ExceptionSerializer if self.action == "list" else ExceptionDetailSerializer

    def get_queryset(self) -> QuerySet[Issue]:
        rows = super().get_queryset()
        if self.action == "retrieve":
            rows = rows.prefetch_related("entries")
        return rows

    @extend_schema(request=RetrySerializer, responses=RetriedSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Try the deliveries of this cause again, the latest 500; what may be done twice only if
        `doubtful`. While `more` is true, ask again."""
        form = RetrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        doubtful = bool(form.validated_data["doubtful"])
        tried = issues.retry_issue(self.actor, self.get_object(), doubtful=doubtful)
        shown = ExceptionDetailSerializer(self.get_object()).data
        told = {"retried": tried.count, "left": tried.left, "more": tried.more}
        return Response({**shown, **told})

    @extend_schema(request=ResolveSerializer, responses=ExceptionDetailSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Close it with a note; it reopens by itself when the cause comes back.

        With `skip` at most 500 are skipped at a time: where more failed it stays open, so ask
        until its `state` is `resolved`.
        """
        form = ResolveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        issues.resolve_issue(self.actor, self.get_object(), **form.validated_data)
        return Response(ExceptionDetailSerializer(self.get_object()).data)

    @extend_schema(request=AssignSerializer, responses=ExceptionDetailSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Give it to somebody who may see it, or to nobody."""
        issue = self.get_object()
        form = AssignSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        issues.assign_issue(self.actor, issue, self._person(form.validated_data))
        return Response(ExceptionDetailSerializer(self.get_object()).data)

    def _person(self, asked: dict[str, int | None]) -> User | None:
        """Return who is meant; to a client's program only its own people are there."""
        if asked["owner"] is None:
            return None
        rows = User.objects.all()
        if self.actor.client_id is not None:
            rows = rows.filter(client_id=self.actor.client_id)
        found = rows.filter(pk=asked["owner"]).first()
        if found is None:
            raise ValidationError({"owner": "There is no such person."})
        return found

    @extend_schema(request=CommentSerializer, responses=ExceptionDetailSerializer)
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: str) -> Response:
        """Add a comment to its history."""
        issue = self.get_object()
        form = CommentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        issues.comment_issue(self.actor, issue, form.validated_data["text"])
        return Response(ExceptionDetailSerializer(self.get_object()).data)

    @extend_schema(request=MakeAgainSerializer, responses=ExceptionDetailSerializer)
    @action(detail=True, methods=["post"], url_path="make-again")
    def make_again(self, request: Request, pk: str) -> Response:
        """Make again what is gone in its target, after asking there for each by its number. Where
        that cannot be asked, only if `doubtful`.
        """
        anew.make_issue_again(self.actor, self.get_object(), **make_again_of(request))
        return Response(ExceptionDetailSerializer(self.get_object()).data)

    @extend_schema(request=ReasonSerializer, responses=ExceptionDetailSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> Response:
        """Leave what is gone in its target as it is; a later change of a record asks again."""
        anew.skip_issue(self.actor, self.get_object(), reason=reason_of(request))
        return Response(ExceptionDetailSerializer(self.get_object()).data)
