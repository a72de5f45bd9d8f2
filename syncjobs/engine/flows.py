"""The workflows that events can start, with their definitions parsed once per version."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from syncjobs.engine.definition import Definition, parse_definition
from syncjobs.engine.kept import kept, mark_of
from syncjobs.engine.objects import objects
from syncjobs.engine.rows import fetch
from syncjobs.fingerprint import fingerprint
from syncjobs.models import Workflow, WorkflowVersion
from syncjobs.state import WORKFLOW


@dataclass(frozen=True, slots=True)
class Flow:
    """A workflow as planning needs it. `not_before`: when its schedule next lets work go."""

    workflow_id: int
    version_id: int
    priority: int
    definition: Definition
    not_before: datetime | None = None


class _Frozen:
    """A definition's data, hashed by its content so that the parse is cached by content."""

    __slots__ = ("data", "hash")

    def __init__(self, data: dict[str, Any], hash_: str) -> None:
        self.data, self.hash = data, hash_

    def __hash__(self) -> int:
        return hash(self.hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and other.hash == self.hash


@lru_cache(maxsize=2_000)
def _parsed(frozen: _Frozen) -> Definition:
    return parse_definition(frozen.data)


def definition_of(version: WorkflowVersion) -> Definition:
    """Return a version's definition. Equal content is parsed once, whoever's it is."""
    return _parsed(_Frozen(version.definition, version.hash or fingerprint(version.definition)))


def active_flows(client_id: int) -> list[Flow]:
    """Return the client's workflows. Paused ones plan too: what comes in meanwhile waits."""
    params = {"client": client_id, "closed": sorted(WORKFLOW.closed)}
    ((mark,),) = fetch(_MARK, params)
    return kept(("flows", client_id), mark, lambda: _active_flows(client_id))


def _active_flows(client_id: int) -> list[Flow]:
    params = {"client": client_id, "closed": sorted(WORKFLOW.closed)}
    rows = objects(Workflow, f"{_ACTIVE} ORDER BY id", params)
    of_these = {"ids": [row.version_id for row in rows]}
    versions = objects(WorkflowVersion, "id = ANY(%(ids)s::bigint[])", of_these)
    by_id: dict[int | None, WorkflowVersion] = {version.pk: version for version in versions}
    for row in rows:
        row.version = by_id[row.version_id]
    return [flow_of(row) for row in rows]


def flow_of(workflow: Workflow) -> Flow:
    """Return one workflow as planning needs it."""
    assert workflow.version is not None
    return Flow(
        workflow.pk,
        workflow.version.pk,
        workflow.priority,
        definition_of(workflow.version),
        None if workflow.mode == Workflow.Mode.REAL_TIME else workflow.next_run_at,
    )


_ACTIVE: Final = (
    "client_id = %(client)s AND version_id IS NOT NULL AND state <> ALL(%(closed)s::text[])"
)
_MARK: Final = f"""
    SELECT {mark_of("w")} FROM syncjobs_workflow w WHERE {_ACTIVE}
"""  # noqa: S608  our own constants
