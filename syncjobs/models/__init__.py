"""The tables of the engine, one noun a module."""

from syncjobs.models.connection import Connection, SecretKey, Stream
from syncjobs.models.delivery import Attempt, Delivery, Hold
from syncjobs.models.endpoint import Endpoint, Message
from syncjobs.models.inbound import InboundEvent
from syncjobs.models.issue import Issue, IssueEntry
from syncjobs.models.record import CanonicalRecord, Event, ExternalRef, RecordVersion
from syncjobs.models.retention import Retention
from syncjobs.models.run import Run
from syncjobs.models.workflow import Blueprint, Workflow, WorkflowVersion

__all__ = [
    "Attempt",
    "Blueprint",
    "CanonicalRecord",
    "Connection",
    "Delivery",
    "Endpoint",
    "Event",
    "ExternalRef",
    "Hold",
    "InboundEvent",
    "Issue",
    "IssueEntry",
    "Message",
    "RecordVersion",
    "Retention",
    "Run",
    "SecretKey",
    "Stream",
    "Workflow",
    "WorkflowVersion",
]
