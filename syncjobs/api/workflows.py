"""Workflows and runs in the API."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from syncjobs.api.asked import (
    AskedUpgradeSerializer,
    BackfilledSerializer,
    BackfillSerializer,
    ProposedUpgradeSerializer,
    ScheduleSerializer,
    UpgradeSerializer,
)
from syncjobs.api.filters import RunFilters, WorkflowFilters
from syncjobs.api.serializers import (
    DryRunRowSerializer,
    MakeAgainSerializer,
    ReasonSerializer,
    ReplayedSerializer,
    ReplaySerializer,
    RunSerializer,
    WorkflowSerializer,
)
from syncjobs.models import Connection, Run, Workflow
from syncjobs.services import backfills, replays, runs, schedules, workflows
from syncjobs.services.upgrades import (
    Asked,
    Upgrade,
    propose_upgrade,
    upgrade_of,
    with_versions,
)
from tenants.accounts.api.scope import ClientScopedViewSet


def reason_of(request: Request) -> str:
    """Return the reason in the body; a 400 names the field when it is missing."""
    form = ReasonSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    return str(form.validated_data["reason"])


def make_again_of(request: Request) -> dict[str, Any]:
    """Return why something is made again, and whether somebody looked there before."""
    form = MakeAgainSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    return {name: form.validated_data[name] for name in ("reason", "doubtful")}


class WorkflowViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Workflow]
):
    """Workflows as installed for clients; run, try, pause, resume and replay them."""

    serializer_class = WorkflowSerializer
    filters = WorkflowFilters
    queryset = with_versions(Workflow.objects.select_related("blueprint", "version"))
    required = {
        "list": "workflows.view",
        "retrieve": "workflows.view",
        "run": "workflows.operate",
        "pause": "workflows.operate",
        "resume": "workflows.operate",
        "replay": "workflows.operate",
        "dry_run": "workflows.operate",
        "backfill": "workflows.operate",
        "upgrade": "workflows.view",
        "propose_upgrade": "workflows.manage",
        "schedule": "workflows.manage",
    }

    @extend_schema(request=None, responses={202: RunSerializer})
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: str) -> Response:
        """Read the workflow's sources now and deliver what changed."""
        started = workflows.run_now(self.actor, self.get_object())
        return Response(RunSerializer(started).data, status=202)

    @extend_schema(request=ReasonSerializer, responses=WorkflowSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop the workflow's writes; what comes in waits in order."""
        workflow = self.get_object()
        workflows.pause_workflow(self.actor, workflow, reason=reason_of(request))
        return Response(WorkflowSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=WorkflowSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let the workflow write again, starting with what waited."""
        workflows.resume_workflow(self.actor, self.get_object())
        return Response(WorkflowSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=DryRunRowSerializer(many=True))
    @action(detail=True, methods=["post"], url_path="dry-run", pagination_class=None)
    def dry_run(self, request: Request, pk: str) -> Response:
        """Show each request that would be sent now, 50 at most; none is."""
        rows = workflows.dry_run(self.actor, self.get_object())
        return Response(DryRunRowSerializer(rows, many=True).data)

    @extend_schema(request=ScheduleSerializer, responses=WorkflowSerializer)
    @action(detail=True, methods=["post"])
    def schedule(self, request: Request, pk: str) -> Response:
        """Say when the workflow writes, and within how many hours; what is left out stays."""
        workflow = self.get_object()
        form = ScheduleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        schedules.set_schedule(self.actor, workflow, **form.wanted())
        return Response(WorkflowSerializer(self.get_object()).data)

    @extend_schema(request=BackfillSerializer, responses={202: BackfilledSerializer})
    @action(detail=True, methods=["post"])
    def backfill(self, request: Request, pk: str) -> Response:
        """Plan what there was from a day on, behind live work; its run can be cancelled."""
        form = BackfillSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked, workflow = form.validated_data, self.get_object()
        records = backfills.preview_backfill(self.actor, workflow, start=asked["start"])
        run = None
        if not asked["check"]:
            wanted = {name: asked[name] for name in ("start", "per_minute", "reason")}
            run = backfills.start_backfill(self.actor, workflow, **wanted).pk
        return Response(BackfilledSerializer({"records": records, "run": run}).data, status=202)

    @extend_schema(request=ReplaySerializer, responses={202: ReplayedSerializer})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Send through again what was delivered; what a system has already is not written.

        With `check` nothing is sent: the answer says what is expected.
        """
        form = ReplaySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked = dict(form.validated_data)
        check, reason = asked.pop("check"), asked.pop("reason")
        workflow, choice = self.get_object(), replays.Choice(**asked)
        preview, run = None, None
        if check:
            preview = replays.preview_replay(self.actor, workflow, choice)
        else:
            run = replays.start_replay(self.actor, workflow, choice, reason=reason)
        told = ReplayedSerializer({"preview": preview, "run": run})
        return Response(told.data, status=202)

    @extend_schema(responses=UpgradeSerializer)
    @action(detail=True)
    def upgrade(self, request: Request, pk: str) -> Response:
        """Tell what the blueprint's newest version would change here: nothing, where `uses` is
        `newest`."""
        workflow = self.get_object()
        newest = workflow.blueprint.version
        found = upgrade_of(workflow) or Upgrade(workflow, newest, newest)
        return Response(UpgradeSerializer(found).data)

    @extend_schema(request=AskedUpgradeSerializer, responses={202: ProposedUpgradeSerializer})
    @upgrade.mapping.post
    def propose_upgrade(self, request: Request, pk: str) -> Response:
        """Ask for the newest version by a change request, as people do; nothing moves before it
        is signed."""
        form = AskedUpgradeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked, workflow = dict(form.validated_data), self.get_object()
        wanted: dict[str, int] = asked.pop("systems")
        rows = Connection.objects.filter(client_id=workflow.client_id).in_bulk(wanted.values())
        systems = {role: rows[pk] for role, pk in wanted.items() if pk in rows}
        made = propose_upgrade(self.actor, workflow, Asked(**asked, systems=systems))
        return Response(ProposedUpgradeSerializer(made).data, status=202)


class RunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ClientScopedViewSet[Run]):
    """Runs and their counts; cancel them."""

    serializer_class = RunSerializer
    filters = RunFilters
    queryset = Run.objects.all()
    required = {
        "list": "workflows.view",
        "retrieve": "workflows.view",
        "cancel": "workflows.operate",
    }

    @extend_schema(responses={200: RunSerializer, 307: None})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One run. A reading that found nothing leads (307) to the one that it is counted in."""
        try:
            return super().retrieve(request, *args, **kwargs)
        except Http404:
            kept = runs.standing_for(self.actor, int(kwargs["pk"]))
            if kept is None:
                raise
            there = self.reverse_action("detail", args=[kept.pk])
            return Response(status=307, headers={"Location": there})

    @extend_schema(request=ReasonSerializer, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Give up what was not written yet; what was written stays.

        What is being sent this moment ends as it ends. A backfill that plans into the run ends
        with it.
        """
        runs.cancel_run(self.actor, self.get_object(), reason=reason_of(request))
        return Response(RunSerializer(self.get_object()).data)
