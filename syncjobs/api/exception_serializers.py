"""What the API shows of exceptions, and what programs ask of them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.api.bodies import KnownFields
from syncjobs.models import Issue, IssueEntry
from syncjobs.services import anew, previews
from syncjobs.services.advice import advice_on
from syncjobs.verdict import LABELS, Preview


class EntrySerializer(serializers.ModelSerializer[IssueEntry]):
    """A line of an exception's history."""

    class Meta:
        model = IssueEntry
        fields = ("kind", "text", "actor", "delivery", "at")
        read_only_fields = fields


class VerdictSerializer(serializers.Serializer[object]):
    """How safe it is to send something (again), why, and what that is expected to do."""

    count = serializers.IntegerField()
    answer = serializers.ChoiceField(choices=list(LABELS.items()))
    why = serializers.CharField()
    effect = serializers.CharField()


class ExceptionSerializer(serializers.ModelSerializer[Issue]):
    """A cause that needs somebody, with its occurrences counted."""

    category = serializers.ChoiceField(
        source="class_name", choices=Issue.Class.choices, read_only=True
    )

    class Meta:
        model = Issue
        fields = (
            "id",
            "client",
            "category",
            "kind",
            "severity",
            "title",
            "state",
            "count",
            "connection",
            "workflow",
            "owner",
            "first_at",
            "last_at",
            "due_at",
            "escalated_to",
            "escalated_at",
            "resolved_at",
            "resolution",
        )
        read_only_fields = fields


class ExceptionDetailSerializer(ExceptionSerializer):
    """An exception with what it means, what to do and what that comes to, and its history."""

    explanation = serializers.SerializerMethodField()
    next_step = serializers.SerializerMethodField()
    retry_preview = serializers.SerializerMethodField(
        help_text="What trying it all again comes to: equal verdicts with how many have each."
    )
    make_again_preview = serializers.SerializerMethodField(
        help_text="The same of making again what is gone in its target."
    )
    entries = EntrySerializer(many=True, read_only=True)

    class Meta:
        model = Issue
        fields: tuple[str, ...] = (
            *ExceptionSerializer.Meta.fields,
            "explanation",
            "next_step",
            "retry_preview",
            "make_again_preview",
            "entries",
        )
        read_only_fields = fields

    def get_explanation(self, issue: Issue) -> str:
        return advice_on(issue, previews.stopped(issue)).why

    def get_next_step(self, issue: Issue) -> str:
        return advice_on(issue, previews.stopped(issue)).next_step

    @extend_schema_field(VerdictSerializer(many=True))
    def get_retry_preview(self, issue: Issue) -> Any:
        return _verdicts(previews.judged(previews.stopped(issue)))

    @extend_schema_field(VerdictSerializer(many=True))
    def get_make_again_preview(self, issue: Issue) -> Any:
        return _verdicts(previews.judged_anew(anew.gone(issue)))


class RetriedSerializer(ExceptionDetailSerializer):
    """The exception after its records were tried again, and how many were."""

    retried = serializers.IntegerField(help_text="How many are tried again.")
    left = serializers.IntegerField(help_text="How many need a person, or `doubtful`.")
    more = serializers.BooleanField(help_text="Whether there are more than are tried at a time.")

    class Meta(ExceptionDetailSerializer.Meta):
        fields = (*ExceptionDetailSerializer.Meta.fields, "retried", "left", "more")


def _verdicts(found: Preview | None) -> list[dict[str, object]]:
    parts = found.parts if found else ()
    return [
        {"count": count, "answer": one.answer, "why": one.why, "effect": one.effect}
        for count, one in parts
    ]


class AssignSerializer(KnownFields[object]):
    """Who works on it: a person's id, or null for nobody."""

    owner = serializers.IntegerField(allow_null=True, min_value=1, max_value=2**63 - 1)


class CommentSerializer(KnownFields[object]):
    """A comment for whoever works on it."""

    text = serializers.CharField(max_length=4000)
