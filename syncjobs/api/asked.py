"""What programs ask of workflows and connections, and what they are told of it."""

from typing import Any

from rest_framework import serializers


class StreamSerializer(serializers.Serializer[Any]):
    """One kind of record that is read of a connection, and why."""

    object = serializers.CharField(max_length=80)
    reason = serializers.CharField(max_length=500)


class BackfillSerializer(serializers.Serializer[Any]):
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
