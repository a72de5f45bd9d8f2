"""What programs ask of workflows and connections, and what they are told of it."""

from typing import Any

from rest_framework import serializers

from governance.api.bodies import KnownFields
from governance.api.choices import OneOf
from syncjobs.models import Workflow


class StreamSerializer(KnownFields[Any]):
    """One kind of record that is read of a connection, and why."""

    object = serializers.CharField(max_length=80)
    reason = serializers.CharField(max_length=500)


class ScheduleSerializer(KnownFields[Any]):
    """When a workflow writes, and its promise. What is left out stays as it is."""

    mode = OneOf(choices=Workflow.Mode.choices, required=False)
    schedule = serializers.CharField(
        max_length=60,
        required=False,
        allow_blank=True,
        help_text="A cron expression in the client's zone; needed for all modes but real_time.",
    )
    within_hours = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="What is open for longer is an exception; null for no promise.",
    )

    def wanted(self) -> dict[str, str]:
        """Return what was asked and nothing else."""
        asked = dict(self.validated_data)
        if "within_hours" in asked:
            hours = asked["within_hours"]
            asked["within_hours"] = "" if hours is None else repr(hours)
        return asked


class BackfillSerializer(KnownFields[Any]):
    """From which day on, how fast at the most, and why. `check`: only count."""

    start = serializers.DateField()
    per_minute = serializers.IntegerField(default=600, min_value=1, max_value=6000)
    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    check = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["check"] and not attrs["reason"].strip():
            raise serializers.ValidationError({"reason": "Say why."})
        return attrs


class BackfilledSerializer(serializers.Serializer[Any]):
    """How many records it would plan, and the run that it began; none of a check."""

    records = serializers.IntegerField()
    run = serializers.IntegerField(allow_null=True)


class UpgradeWaitingSerializer(serializers.Serializer[Any]):
    """Which version of its blueprint a workflow uses, which there is, and the change request of
    the workflow that is open, whatever it asks for."""

    uses = serializers.IntegerField()
    newest = serializers.IntegerField()
    change_request = serializers.IntegerField(allow_null=True)


class MovedLineSerializer(serializers.Serializer[Any]):
    """One line of what changes: "-" goes, "+" comes."""

    sign = serializers.CharField()
    text = serializers.CharField()


class UpgradeSerializer(serializers.Serializer[Any]):
    """What the blueprint's newest version does to a workflow. `gone`: the client's own values that
    have no place in it, by extension point. `lacking`: roles that need a system first."""

    uses = serializers.IntegerField(source="used")
    newest = serializers.IntegerField(source="offered")
    changes = MovedLineSerializer(source="lines", many=True)
    kept = serializers.ListField(child=serializers.CharField())
    gone = serializers.DictField(child=serializers.CharField())
    lacking = serializers.ListField(child=serializers.CharField())
    problem = serializers.CharField(allow_blank=True)
    change_request = serializers.IntegerField(source="request", allow_null=True)


class AskedUpgradeSerializer(KnownFields[Any]):
    """Why. `let_go`: extension points whose own values may end. `systems`: role → connection for
    roles that are new. `with_mappings`: also ask for the newer mappings that it needs."""

    reason = serializers.CharField(max_length=500)
    let_go = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, default=list, max_length=50
    )
    systems = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=dict,
    )
    with_mappings = serializers.BooleanField(required=False, default=True)


class ProposedUpgradeSerializer(serializers.Serializer[Any]):
    """The change request that asks for it."""

    change_request = serializers.IntegerField(source="pk")
