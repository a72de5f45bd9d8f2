"""What one claimed delivery carries through preparing, sending and recording."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any

from django.utils import timezone
from msgspec import Struct, field

from syncjobs.connectors.base import Write
from syncjobs.engine.definition import Step
from syncjobs.engine.issues import Cause
from syncjobs.gates import GateResult
from syncjobs.models import Connection, Workflow, WorkflowVersion
from syncjobs.neighbours import Known


class DeliveryRow(Struct):
    """A delivery's row as a worker needs it; `Delivery` says what the columns mean. `created`:
    seconds since the epoch.

    Thousands a second are read: a model's instance for each costs more than all the rest of
    preparing it.
    """

    pk: int
    client_id: int
    run_id: int | None
    event_id: int | None
    step: str
    record_id: int
    origin_id: int
    object: str
    mapping: str
    variables: dict[str, Any]
    priority: int
    attempts: int
    verify: bool
    after: list[int]
    released_gates: list[str]
    idempotency_key: str
    content_hash: str
    issue_id: int | None
    correlation: str
    created: float
    workflow: Workflow
    workflow_version: WorkflowVersion
    connection: Connection
    workflow_id: int
    connection_id: int

    @property
    def created_at(self) -> datetime:
        """When it was planned. Hardly ever asked for, and reading a moment costs much."""
        return datetime.fromtimestamp(self.created, UTC)


class Job(Struct):
    """A claimed delivery with all that is known before it is sent.

    `external_id`, `etag`, `written`: from the record's reference in the target, if any.
    `send_before`: on the monotonic clock; a worker that was stopped must not send later.
    `in_doubt`: another delivery may have made the record there, and nobody has found out.
    `withdrawn`: what caused it was taken back in its source, and nothing else needs it.
    """

    delivery: DeliveryRow
    lease_no: int
    step: Step
    record: Known
    origin: Known
    external_id: str | None = None
    etag: str = ""
    written: Mapping[str, object] = field(default_factory=dict)
    write: Write | None = None
    content_hash: str = ""
    mapping_version: int | None = None
    send_before: float = inf
    collected: Mapping[str, object] = field(default_factory=dict)
    warning: str = ""
    in_doubt: bool = False
    withdrawn: bool = False

    @property
    def ask_first(self) -> bool:
        """Whether the system may hold what is to be made, by a write that was forgotten."""
        until = self.delivery.connection.ask_first_until
        return until is not None and until > timezone.now()


class Sent(Struct):
    """What was learnt from the target: the id, version, and both sides of the call, redacted."""

    external_id: str
    version: str
    status: int
    request: Mapping[str, object]
    answer: Mapping[str, object]


class Outcome(Struct):
    """How one start of a delivery ended, ready to be recorded.

    `move`: the way in the delivery's machine. `attempt`: whether to keep it as an attempt
    (a start that a gate ended is none). `wrote`: the target was changed by this start.
    `content_known`: the target now holds exactly `job.content_hash`. `called`: the system was
    called, or could not be opened, so the outcome says something about its health (of one call
    that carried several and failed, the first says it).
    """

    job: Job
    move: str
    text: str = ""
    error_class: str = ""
    delay: float = 0.0
    verify: bool = False
    attempt: bool = False
    looked_up: bool = False
    wrote: bool = False
    content_known: bool = False
    called: bool = False
    status: int = 0
    sent: Sent | None = None
    request: Mapping[str, object] | None = None
    answer: Mapping[str, object] | None = None
    watch: tuple[str, ...] = ()
    refused_by: tuple[GateResult, ...] = ()
    cause: Cause | None = None
    started_at: datetime | None = None
    seconds: float = 0.0
