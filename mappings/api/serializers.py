"""The shapes of mappings in the API."""

from typing import Any

from rest_framework import serializers

from governance.api.bodies import KnownFields
from mappings.models import Mapping, MappingVersion


class JsonObjectField(serializers.DictField):
    """A JSON object; anything else is refused in words that need no Python."""

    default_error_messages = {"not_a_dict": "Send a JSON object, in braces."}


class VersionSerializer(serializers.ModelSerializer[MappingVersion]):
    """One version of a mapping; it never changes."""

    class Meta:
        model = MappingVersion
        fields = (
            "number",
            "state",
            "hash",
            "document",
            "note",
            "author_label",
            "change_request",
            "created_at",
            "live_at",
        )
        read_only_fields = fields


class MappingSerializer(serializers.ModelSerializer[Mapping]):
    """A mapping with its live version."""

    live = VersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Mapping
        fields = (
            "id",
            "slug",
            "name",
            "direction",
            "connector",
            "object",
            "canonical",
            "makes",
            "client",
            "template",
            "live",
        )
        read_only_fields = fields


class PreviewRequestSerializer(KnownFields[object]):
    """What to try: a sample, and a document (the live one when it is left out)."""

    sample = JsonObjectField()
    document = JsonObjectField(required=False)


class RuleChangeSerializer(serializers.Serializer[object]):
    """How one rule differs. `origin`: what a client's overlay did to it, "" for the partner's."""

    kind = serializers.CharField()
    id = serializers.CharField()
    change = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    parts = serializers.ListField(child=serializers.CharField())
    origin = serializers.CharField()


class ComparisonSerializer(serializers.Serializer[object]):
    """What differs between two versions. `same`: how many rules do not."""

    to = serializers.IntegerField()
    changes = RuleChangeSerializer(many=True)
    same = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which is no name in Python."""
        return {"from": serializers.IntegerField(), **super().get_fields()}


class DraftRequestSerializer(KnownFields[object]):
    """A document or a YAML text, one of them."""

    document = JsonObjectField(required=False)
    yaml = serializers.CharField(required=False, trim_whitespace=False)
    note = serializers.CharField(required=False, max_length=300, default="")

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """Refuse both and neither."""
        if ("document" in attrs) == ("yaml" in attrs):
            raise serializers.ValidationError("Send either a document or yaml.")
        return attrs


class OverlayRequestSerializer(KnownFields[object]):
    """Whose rules differ."""

    client = serializers.IntegerField(min_value=1)


class ProblemSerializer(serializers.Serializer[object]):
    """Something that is wrong: where, and what to do. `path`: of the source."""

    code = serializers.CharField()
    message = serializers.CharField()
    rule = serializers.CharField()
    target = serializers.CharField()
    path = serializers.CharField()


class StepSerializer(serializers.Serializer[object]):
    """A step of a rule and what came out of it."""

    name = serializers.CharField()
    value = serializers.JSONField(allow_null=True)


class RowSerializer(serializers.Serializer[object]):
    """What one rule did: the value that it took, each step's, and the result."""

    rule = serializers.CharField()
    target = serializers.CharField()
    path = serializers.CharField()
    taken = serializers.JSONField(allow_null=True)
    steps = StepSerializer(many=True)
    value = serializers.JSONField(allow_null=True)
    skipped = serializers.BooleanField()
    problem = ProblemSerializer(allow_null=True)


class MadeSerializer(serializers.Serializer[object]):
    """One of the records that a sample becomes, or null and why."""

    result = serializers.DictField(allow_null=True)
    problems = ProblemSerializer(many=True)
    holds = ProblemSerializer(many=True)
    warnings = ProblemSerializer(many=True)


class PreviewSerializer(serializers.Serializer[object]):
    """The result for the sample, or null and why.

    faults: why the document could not be kept. problems: what stopped the sample. results: all
    that it becomes, of a mapping that makes several; the rest of the answer is of number `part`
    of them.
    """

    result = serializers.DictField(allow_null=True)
    results = MadeSerializer(many=True)
    part = serializers.IntegerField()
    rows = RowSerializer(many=True)
    faults = ProblemSerializer(many=True)
    problems = ProblemSerializer(many=True)
    holds = ProblemSerializer(many=True)
    warnings = ProblemSerializer(many=True)
