"""A record's lineage in the API: what its page shows, by number, and no payload."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.actors import Actor
from governance.models import AuditEntry
from governance.templatetags.people import person_name
from syncjobs.api.serializers import ReferenceSerializer
from syncjobs.indicators.composition import invoices_of
from syncjobs.indicators.lineage import Lineage, Mapped, entries_of, mapped_by
from syncjobs.models import Attempt, CanonicalRecord, Delivery, Event, RecordVersion


class MappedBySerializer(serializers.Serializer[Any]):
    """The version of a mapping. `by`: who approved it, or with `signed` false who made it."""

    number = serializers.IntegerField()
    by = serializers.ListField(child=serializers.CharField())
    signed = serializers.BooleanField()


class _MappedRow(serializers.Serializer[Any]):
    """A row that says by which version of a mapping it was made, of those in the context."""

    mapping_version = serializers.SerializerMethodField(help_text="Null where no mapping made it.")

    @extend_schema_field(MappedBySerializer(allow_null=True))
    def get_mapping_version(self, row: Delivery | RecordVersion) -> dict[str, object] | None:
        """Return the version as the record's page names it."""
        made_by: Mapping[int, Mapped] = self.context["made_by"]
        found = made_by.get(row.mapping_version or 0)
        if found is None:
            return None
        by = [person_name(one) for one in found.by]
        return {"number": found.number, "by": by, "signed": found.signed}


class CorrectionMadeSerializer(serializers.Serializer[Any]):
    """Who corrected a record by hand, and why."""

    by = serializers.CharField()
    reason = serializers.CharField()


class RecordVersionSerializer(_MappedRow, serializers.ModelSerializer[RecordVersion]):
    """One version: from which system, or null where it was derived or corrected by hand; which
    fields differ from the one before."""

    correction = serializers.SerializerMethodField(help_text="Null where a system sent it.")
    changed = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = RecordVersion
        fields = ("number", "at", "connection", "run", "mapping_version", "correction", "changed")
        read_only_fields = fields

    @extend_schema_field(CorrectionMadeSerializer(allow_null=True))
    def get_correction(self, row: RecordVersion) -> dict[str, str] | None:
        """Return who made the version by hand, and why."""
        corrections: Mapping[int, AuditEntry] = self.context["corrections"]
        entry = corrections.get(row.number)
        return {"by": person_name(entry.actor_label), "reason": entry.reason} if entry else None


class RecordEventSerializer(serializers.ModelSerializer[Event]):
    """What a change of the record meant for the business."""

    class Meta:
        model = Event
        fields = ("type", "at")
        read_only_fields = fields


class RecordWarningSerializer(serializers.Serializer[Any]):
    """A check that warns of the record now; `connection`: the name of the system it came from."""

    connection = serializers.CharField()
    check = serializers.CharField()
    message = serializers.CharField()


class DeliveryTrySerializer(serializers.ModelSerializer[Attempt]):
    """How one try ended. What was sent and answered is with the delivery."""

    class Meta:
        model = Attempt
        fields = (
            "number",
            "outcome",
            "error_class",
            "status",
            "looked_up",
            "wrote",
            "started_at",
            "duration_ms",
        )
        read_only_fields = fields


class RecordDeliverySerializer(_MappedRow, serializers.ModelSerializer[Delivery]):
    """One delivery of the record and its tries, the last first."""

    tries = serializers.SerializerMethodField()

    @extend_schema_field(DeliveryTrySerializer(many=True))
    def get_tries(self, delivery: Delivery) -> Any:
        """Return the tries that the lineage brought along."""
        return DeliveryTrySerializer(self.context["tries"][delivery.pk], many=True).data

    class Meta:
        model = Delivery
        fields = (
            "id",
            "workflow",
            "run",
            "step",
            "connection",
            "object",
            "record_version",
            "mapping",
            "mapping_version",
            "state",
            "created_at",
            "updated_at",
            "finished_at",
            "tries",
        )
        read_only_fields = fields


class RecordEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """An entry of the audit trail, to be read at `audit-entries/{id}/`."""

    class Meta:
        model = AuditEntry
        fields = ("id", "at", "action", "object_kind", "object_id")
        read_only_fields = fields


class RecordHeadSerializer(serializers.ModelSerializer[CanonicalRecord]):
    """Which record it is; what it holds is with the record."""

    class Meta:
        model = CanonicalRecord
        fields = (
            "id",
            "client",
            "type",
            "key",
            "label",
            "engagement",
            "version",
            "deleted",
            "changed_at",
        )
        read_only_fields = fields


class LineageSerializer(serializers.Serializer[Any]):
    """Why a record is as it is and what became of it, newest first: at most its latest 20
    versions, 50 events, 50 deliveries and 200 audit entries."""

    record = RecordHeadSerializer()
    versions = RecordVersionSerializer(many=True)
    events = RecordEventSerializer(many=True)
    references = ReferenceSerializer(many=True)
    warnings = RecordWarningSerializer(many=True)
    deliveries = RecordDeliverySerializer(many=True)
    invoices = serializers.ListField(
        child=serializers.IntegerField(), help_text="The records of the invoices that it is on."
    )
    audit = RecordEntrySerializer(
        many=True, allow_null=True, help_text="Null for a token without the scope audit.view."
    )


def lineage_data(actor: Actor, known: Lineage) -> Any:
    """Return a record's lineage as this actor may read it."""
    deliveries = [one.delivery for one in known.written]
    made = [one.mapping_version for one in known.versions]
    made += [one.mapping_version for one in deliveries]
    rows = {
        "record": known.record,
        "versions": known.versions,
        "events": known.events,
        "references": known.references,
        "warnings": known.warnings,
        "deliveries": deliveries,
        "invoices": [one.pk for one in invoices_of(deliveries)],
        "audit": entries_of(actor, known),
    }
    tries = {one.delivery.pk: one.tries for one in known.written}
    context = {"made_by": mapped_by(made), "tries": tries, "corrections": known.corrections}
    return LineageSerializer(rows, context=context).data
