"""What of the engine's and of governance's changes of state is told, and in which words."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Model

from governance.models import ChangeRequest
from governance.state import Move
from syncjobs.models.issue import Issue
from syncjobs.models.run import Run
from syncjobs.telling import kinds
from syncjobs.telling.tell import tell

_DECIDED: Final = frozenset[Move](
    {
        "approve", "go_alone", "pass", "reject", "withdraw", "expire", "rush", "apply",
        "roll_back",
    }
)  # fmt: skip


def tell_move(row: Model, move: str) -> None:
    """Tell of a row that moved, if anybody may want to hear of that."""
    if isinstance(row, Run) and move == "settle_badly":
        tell(kinds.RUN_FAILED, [(row.client_id, {"run": run_facts(row)})])
    elif isinstance(row, Issue) and move in ("reopen", "resolve"):
        tell_issues(move, [row])


def run_facts(run: Run) -> dict[str, object]:
    """Return what a message says of a run."""
    return {
        "id": run.pk,
        "kind": run.kind,
        "workflow": run.workflow_id,
        "stream": run.stream_id,
        "error_class": run.error_class,
    }


def tell_issues(move: str, issues: Iterable[Issue]) -> None:
    """Tell of exceptions that were opened, opened again, or resolved."""
    kind = kinds.EXCEPTION_RESOLVED if move == "resolve" else kinds.EXCEPTION_OPENED
    facts = [
        (
            one.client_id,
            {
                "exception": {
                    "id": one.pk,
                    "kind": one.kind,
                    "class": one.class_name,
                    "severity": one.severity,
                    "connection": one.connection_id,
                    "workflow": one.workflow_id,
                    "again": move == "reopen",
                }
            },
        )
        for one in issues
    ]
    tell(kind, facts)


def tell_holds(kind: str, holds: Sequence[tuple[int, int, int, str]]) -> None:
    """Tell of holds: (client, hold, delivery, name of the gate)."""
    tell(
        kind,
        [
            (client, {"hold": {"id": hold, "delivery": delivery, "gate": gate}})
            for client, hold, delivery, gate in holds
        ],
    )


def tell_decided(request: ChangeRequest, move: Move) -> None:
    """Tell what became of a change request."""
    if move in _DECIDED:
        facts = {"change_request": {"id": request.pk, "status": request.status, "decision": move}}
        tell(kinds.CHANGE_DECIDED, [(request.client_id, facts)])
