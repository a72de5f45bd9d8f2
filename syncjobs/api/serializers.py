"""What the API shows of the engine's rows. Secrets and raw payloads are never among it."""

from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.api.bodies import KnownFields
from governance.api.choices import OneOf
from syncjobs.api.asked import UpgradeWaitingSerializer
from syncjobs.connectors.files import HELD
from syncjobs.models import (
    Attempt,
    Blueprint,
    CanonicalRecord,
    Connection,
    Delivery,
    ExternalRef,
    Hold,
    Run,
    Workflow,
)
from syncjobs.services.hold_releases import asked_for
from syncjobs.sheets import MAX_BYTES

MOST_RECORDS: Final = 1_000


class ConnectionSerializer(serializers.ModelSerializer[Connection]):
    """A client's system and its health."""

    class Meta:
        model = Connection
        fields = (
            "id",
            "client",
            "name",
            "connector",
            "state",
            "checked_at",
            "checks",
            "last_ok_at",
            "last_error",
            "breaker",
            "secret_expires_at",
            "rate_per_second",
            "created_at",
        )
        read_only_fields = fields


class FileSerializer(KnownFields[Any]):
    """A file, and what its rows are. `check`: say what would become of them, and store nothing.
    `again`: take in once more what was taken in before, if another file has come since."""

    object = OneOf(choices=list(HELD))
    file = serializers.FileField(max_length=200)
    check = serializers.BooleanField(default=False)
    again = serializers.BooleanField(default=False)

    def validate_file(self, value: UploadedFile) -> UploadedFile:
        """Refuse what is too large before it is read."""
        if (value.size or 0) > MAX_BYTES:
            raise serializers.ValidationError(f"At most {MAX_BYTES // 1024 // 1024} MB.")
        return value


class RecordsSerializer(KnownFields[Any]):
    """Records as their system has them, and what they are."""

    object = OneOf(choices=list(HELD))
    records = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=MOST_RECORDS
    )


class RowProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one row."""

    row = serializers.IntegerField()
    text = serializers.CharField()


class TakenSerializer(serializers.Serializer[Any]):
    """What came of a file. `left_out`: rows that cannot be read or named. `warned`: rows that
    go on although a check of their mapping warns."""

    rows = serializers.IntegerField()
    repeated = serializers.BooleanField()
    columns = serializers.ListField(source="checked.columns", child=serializers.CharField())
    problem_count = serializers.IntegerField(source="checked.problem_count")
    left_out = serializers.IntegerField(source="checked.left_out")
    problems = RowProblemSerializer(source="checked.problems", many=True)
    warned = serializers.IntegerField(source="checked.warned")
    warnings = RowProblemSerializer(source="checked.warnings", many=True)


class WorkflowSerializer(serializers.ModelSerializer[Workflow]):
    """A workflow as installed for a client."""

    blueprint = serializers.SlugRelatedField[Blueprint](slug_field="slug", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True, allow_null=True)
    upgrade = serializers.SerializerMethodField(
        help_text="The newer version of its blueprint that waits to be proposed, or null."
    )
    within_hours = serializers.SerializerMethodField(help_text="Its promise; null for none.")

    @extend_schema_field(UpgradeWaitingSerializer(allow_null=True))
    def get_upgrade(self, workflow: Workflow) -> dict[str, object] | None:
        """Return what waits; of rows with `upgrades.with_versions`."""
        if not workflow.is_behind:  # type: ignore[attr-defined]  # annotated
            return None
        return {
            "uses": workflow.uses,  # type: ignore[attr-defined]  # annotated
            "newest": workflow.blueprint.version,
            "change_request": workflow.asked,  # type: ignore[attr-defined]  # annotated
        }

    class Meta:
        model = Workflow
        fields = (
            "id",
            "client",
            "blueprint",
            "name",
            "mode",
            "schedule",
            "within_hours",
            "priority",
            "state",
            "version",
            "upgrade",
            "bindings",
            "next_run_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    def get_within_hours(self, workflow: Workflow) -> float | None:
        """Return the promise in hours."""
        return None if workflow.sla_seconds is None else workflow.sla_seconds / 3600


class RunSerializer(serializers.ModelSerializer[Run]):
    """One pass with its counts."""

    warned = serializers.IntegerField(
        read_only=True, help_text="Records that went on although a check of their mapping warns."
    )

    class Meta:
        model = Run
        fields = (
            "id",
            "client",
            "kind",
            "trigger",
            "workflow",
            "stream",
            "state",
            "message",
            "error_class",
            "read",
            "changed",
            "same",
            "refused",
            "warned",
            "planned",
            "delivered",
            "unchanged",
            "blocked",
            "failed",
            "dropped",
            "started_at",
            "ended_at",
            "correlation",
        )
        read_only_fields = fields


class DryRunRowSerializer(serializers.Serializer[Any]):
    """A request that would be sent, or in `problem` why none would be."""

    record = serializers.CharField()
    step = serializers.CharField()
    method = serializers.CharField()
    path = serializers.CharField()
    body = serializers.JSONField(allow_null=True)
    problem = serializers.CharField()


class ReplaySerializer(KnownFields[Any]):
    """What of a workflow is sent through again; what is left out chooses all.

    `since`, `until`: the days on which it was delivered, both included. `check`: say what is
    expected, and send nothing.
    """

    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)
    run = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    mapping_version = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    record = serializers.CharField(required=False, max_length=200)
    check = serializers.BooleanField(default=False)
    reason = serializers.CharField(default="", max_length=500, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a choice of everything, and a start without a reason."""
        if not set(attrs) - {"check", "reason"}:
            raise serializers.ValidationError("Choose days, a run, a version or a record.")
        if not attrs["check"] and not attrs["reason"].strip():
            raise serializers.ValidationError({"reason": "Say why it is sent again."})
        return attrs


class ExpectedSerializer(serializers.Serializer[Any]):
    """What sending one record again is expected to do: `answer` is safe, verify or manual."""

    record = serializers.CharField(source="label")
    step = serializers.CharField()
    answer = serializers.ChoiceField(choices=["safe", "verify", "manual"])
    why = serializers.CharField(source="says")
    effect = serializers.CharField()


class ReplayPreviewSerializer(serializers.Serializer[Any]):
    """How many records are sent through again, and what the newest of them would do."""

    records = serializers.IntegerField()
    expected = ExpectedSerializer(many=True)


class ReplayedSerializer(serializers.Serializer[Any]):
    """What came of a replay: its run, or with `check` what is expected."""

    run = RunSerializer(allow_null=True)
    preview = ReplayPreviewSerializer(allow_null=True)


class ReferenceSerializer(serializers.ModelSerializer[ExternalRef]):
    """The id that a system gave to a record."""

    class Meta:
        model = ExternalRef
        fields = ("connection", "object", "external_id", "version", "written_at", "seen_at")
        read_only_fields = fields


class CorrectionSerializer(KnownFields[object]):
    """One field of a record, what it is to hold (as text, empty for nothing), and why."""

    field = serializers.CharField(max_length=80)
    value = serializers.CharField(max_length=4000, allow_blank=True)
    reason = serializers.CharField(max_length=500)


class RecordSerializer(serializers.ModelSerializer[CanonicalRecord]):
    """A business object in the canonical shape, and where else it exists."""

    references = ReferenceSerializer(source="refs", many=True, read_only=True)

    class Meta:
        model = CanonicalRecord
        fields = (
            "id",
            "client",
            "type",
            "key",
            "label",
            "engagement",
            "data",
            "version",
            "source_at",
            "deleted",
            "changed_at",
            "references",
        )
        read_only_fields = fields


class HoldSerializer(serializers.ModelSerializer[Hold]):
    """Why a delivery waits, and how that ended."""

    class Meta:
        model = Hold
        fields = (
            "gate",
            "kind",
            "missing",
            "message",
            "alert",
            "created_at",
            "released_at",
            "released_by",
        )
        read_only_fields = fields


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One try: when, how it ended, what was sent and answered (redacted)."""

    class Meta:
        model = Attempt
        fields = (
            "number",
            "outcome",
            "error_class",
            "error_text",
            "status",
            "looked_up",
            "wrote",
            "request",
            "answer",
            "started_at",
            "duration_ms",
        )
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One record × one step × one target."""

    class Meta:
        model = Delivery
        fields = (
            "id",
            "client",
            "workflow",
            "run",
            "step",
            "record",
            "record_version",
            "connection",
            "object",
            "state",
            "outcome",
            "attempts",
            "not_before",
            "error_class",
            "error_text",
            "correlation",
            "created_at",
            "updated_at",
            "finished_at",
        )
        read_only_fields = fields


class DeliveryDetailSerializer(DeliverySerializer):
    """A delivery with its tries and holds."""

    tries = AttemptSerializer(many=True, read_only=True)
    holds = HoldSerializer(many=True, read_only=True)
    change_request = serializers.SerializerMethodField(
        help_text="The open change request that asks others to let it pass."
    )

    class Meta:
        model = Delivery
        fields = (*DeliverySerializer.Meta.fields, "tries", "holds", "change_request")
        read_only_fields = fields

    def get_change_request(self, row: Delivery) -> int | None:
        """Return its number."""
        holds = [one for one in row.holds.all() if one.released_at is None]
        return asked_for(holds) if holds else None


class ReasonSerializer(KnownFields[object]):
    """The reason that an action must carry; it goes to the audit trail."""

    reason = serializers.CharField(max_length=500)


class ResolveSerializer(ReasonSerializer):
    """How it was settled; `skip`: what failed was settled elsewhere, so it is skipped."""

    skip = serializers.BooleanField(default=False)


class RetrySerializer(KnownFields[object]):
    """`doubtful`: also what could be done a second time by it, since somebody looked there."""

    doubtful = serializers.BooleanField(default=False)


class MakeAgainSerializer(RetrySerializer):
    """Why it is made again; `doubtful`: also where the target cannot be asked before."""

    reason = serializers.CharField(max_length=500)
