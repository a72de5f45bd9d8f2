"""What happened around a workflow: its runs, what people changed that decides about it, and
what its systems changed: fields that came and went."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final

from django.db.models import Q

from governance.actions import action_label
from governance.models import AuditEntry
from mappings.actions import MAPPING_ADDED
from mappings.known_paths import read_in
from mappings.models import Mapping
from syncjobs import actions
from syncjobs.drift import FieldsChanged
from syncjobs.models import Run, Workflow

SHOWN: Final = 25
# What says nothing of how a workflow works: of a mapping, its first version does.
_QUIET: Final = (
    actions.WORKFLOW_DRY_RUN.key,
    actions.CONNECTION_TESTED.key,
    MAPPING_ADDED.key,
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `run`: what the workflow did; None where somebody changed
    something: `who`, why, and `what` it was. `fields`: what a system has for fields changed, as
    somebody's test found; each with the mappings of the workflow that read what is gone."""

    at: datetime
    title: str
    run: Run | None = None
    who: str = ""
    what: str = ""
    why: str = ""
    fields: tuple[tuple[FieldsChanged, tuple[str, ...]], ...] = ()

    @property
    def breaks(self) -> bool:
        """Say whether a mapping reads what the system no longer has."""
        return any(readers for _, readers in self.fields)


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
    mappings = _mappings(workflow)
    about = {
        "workflow": [workflow.pk],
        "mapping": [one.pk for one in mappings],
        "connection": [int(one) for one in workflow.bindings.values()],
    }
    for kind, ids in about.items():
        rows = AuditEntry.objects.filter(object_kind=kind, object_id__in=[str(one) for one in ids])
        for one in rows.exclude(action__in=_QUIET).order_by("-at", "-id")[:SHOWN]:
            what = "" if kind == "workflow" else one.object_label
            yield Happening(
                one.at,
                action_label(one.action),
                who=one.actor_label,
                what=what,
                why=one.reason,
                fields=_fields(one, mappings) if one.action == actions.FIELDS_CHANGED.key else (),
            )


def _fields(
    entry: AuditEntry, mappings: Iterable[Mapping]
) -> tuple[tuple[FieldsChanged, tuple[str, ...]], ...]:
    told = [
        FieldsChanged(object_, tuple(one["gained"]), tuple(one["lost"]))
        for object_, one in (entry.after or {}).items()
    ]
    return tuple((one, tuple(_readers(one, mappings))) for one in told)


def _readers(change: FieldsChanged, mappings: Iterable[Mapping]) -> Iterable[str]:
    """Give the mappings that read, as they are now, what the object has lost."""
    for one in mappings:
        is_in = one.direction == Mapping.Direction.INBOUND and one.object == change.object
        if is_in and one.live and change.read_by(read_in(one.live.document)):
            yield one.name


def _mappings(workflow: Workflow) -> list[Mapping]:
    definition = workflow.version.definition if workflow.version else {}
    used = [*definition.get("steps", ()), *definition.get("reads", ())]
    own = Q(client=None) | Q(client=workflow.client_id)
    slugs = {str(one["mapping"]) for one in used if "mapping" in one}
    return list(Mapping.objects.filter(own, slug__in=slugs).select_related("live"))
