"""How the API shows change requests and audit entries. It shows; it decides nothing."""

from rest_framework import serializers

from governance.actors import ANONYMOUS
from governance.api.bodies import KnownFields
from governance.api.choices import OneOf
from governance.api.filters import KnownFilters
from governance.models import Approval, AuditEntry, Change, ChangeRequest
from governance.requests import actor_of
from governance.services.impact_views import report_for
from governance.services.trail import COLUMNS


class ChangeSerializer(serializers.ModelSerializer[Change]):
    """One change of a request; `diff` is [[sign, text]].

    `impact`: what it would do to the latest records, decimals as text; null until it was tried.
    `impact_digest`: of the impact that is part of what is signed, empty while none is.
    """

    class Meta:
        model = Change
        fields = [
            "id",
            "kind",
            "target_id",
            "target_label",
            "base_version",
            "content",
            "diff",
            "before",
            "after",
            "impact",
            "impact_digest",
        ]

    def to_representation(self, instance: Change) -> dict[str, object]:
        """Show examples to those who may read records; nobody known reads none."""
        shown = super().to_representation(instance)
        if instance.impact is not None:
            request = self.context.get("request")
            actor = actor_of(request._request) if request is not None else ANONYMOUS
            shown["impact"] = report_for(actor, instance.impact)
        return shown


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """A signature; it counts while `content_hash` is the request's."""

    approver = serializers.CharField(source="approver_label")
    client = serializers.IntegerField(source="client_id", allow_null=True)

    class Meta:
        model = Approval
        fields = ["approver", "client", "content_hash", "comment", "at"]


class ChangeRequestRowSerializer(serializers.ModelSerializer[ChangeRequest]):
    """A request in a list."""

    author = serializers.CharField(source="author_label")
    client = serializers.IntegerField(source="client_id", allow_null=True)

    class Meta:
        model = ChangeRequest
        fields = [
            "id",
            "title",
            "status",
            "client",
            "author",
            "risk",
            "revision",
            "content_hash",
            "emergency",
            "solo",
            "rolls_back",
            "submitted_at",
            "expires_at",
            "scheduled_for",
            "applied_at",
            "review_due_at",
            "reviewed_at",
        ]


class ChangeRequestSerializer(ChangeRequestRowSerializer):
    """A request with what it changes and who signed."""

    changes = ChangeSerializer(many=True)
    approvals = ApprovalSerializer(many=True)

    class Meta(ChangeRequestRowSerializer.Meta):
        fields = [
            *ChangeRequestRowSerializer.Meta.fields,
            "reason",
            "ticket",
            "emergency_reason",
            "notice",
            "closed_by_label",
            "closed_comment",
            "changes",
            "approvals",
        ]


class SignatureSerializer(KnownFields[object]):
    """What a signature names: the hash of what was read."""

    content_hash = serializers.RegexField(r"\A[0-9a-f]{64}\Z")
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class ChangeFilterSerializer(KnownFilters):
    """Filters of the list of requests."""

    status = OneOf(choices=ChangeRequest._meta.get_field("status").choices or [], required=False)
    client = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, source="client_id"
    )


class AuditFilterSerializer(KnownFilters):
    """Filters of the audit trail. `since` is included, `until` is not."""

    actor_kind = serializers.CharField(required=False, max_length=12)
    actor_id = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    action = serializers.CharField(required=False, max_length=80)
    object_kind = serializers.CharField(required=False, max_length=60)
    object_id = serializers.CharField(required=False, max_length=80)
    object_name = serializers.CharField(
        required=False, max_length=200, help_text="A part of what the object was called."
    )
    client = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, source="client_id"
    )
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """One thing that happened, under the names that the proof of the trail has."""

    class Meta:
        model = AuditEntry
        fields = COLUMNS
