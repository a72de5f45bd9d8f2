"""What happened around a workflow: its runs, and what people changed that decides about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final

from django.db.models import Q

from governance.actions import action_label
from governance.models import AuditEntry
from mappings.models import Mapping
from syncjobs import actions
from syncjobs.models import Run, Workflow

SHOWN: Final = 25
# What says nothing of how a workflow works.
_QUIET: Final = (actions.WORKFLOW_DRY_RUN.key, actions.CONNECTION_TESTED.key)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `run`: what the workflow did; None where somebody changed
    something: `who`, why, and `what` it was."""

    at: datetime
    title: str
    run: Run | None = None
    who: str = ""
    what: str = ""
    why: str = ""


def happenings(workflow: Workflow) -> list[Happening]:
    """Return the latest of both, newest first."""
    found = [*_runs(workflow), *_changes(workflow)]
    return sorted(found, key=attrgetter("at"), reverse=True)[:SHOWN]


def _runs(workflow: Workflow) -> Iterable[Happening]:
    for run in Run.objects.filter(workflow=workflow).order_by("-id")[:SHOWN]:
        own = run.kind == Run.Kind.WORKFLOW
        title = run.get_trigger_display() if own else run.get_kind_display()
        yield Happening(run.started_at, title, run)


def _changes(workflow: Workflow) -> Iterable[Happening]:
    about = {
        "workflow": [workflow.pk],
        "mapping": _mappings(workflow),
        "connection": [int(one) for one in workflow.bindings.values()],
    }
    for kind, ids in about.items():
        rows = AuditEntry.objects.filter(object_kind=kind, object_id__in=[str(one) for one in ids])
        for one in rows.exclude(action__in=_QUIET).order_by("-at", "-id")[:SHOWN]:
            what = "" if kind == "workflow" else one.object_label
            title = action_label(one.action)
            yield Happening(one.at, title, who=one.actor_label, what=what, why=one.reason)


def _mappings(workflow: Workflow) -> list[int]:
    definition = workflow.version.definition if workflow.version else {}
    used = [*definition.get("steps", ()), *definition.get("reads", ())]
    own = Q(client=None) | Q(client=workflow.client_id)
    slugs = {str(one["mapping"]) for one in used if "mapping" in one}
    return list(Mapping.objects.filter(own, slug__in=slugs).values_list("pk", flat=True))
