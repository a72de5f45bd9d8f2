"""By what the engine's lists are narrowed in the API."""

from rest_framework import serializers

from governance.api.choices import OneOf
from mappings.canonical.registry import SCHEMAS
from syncjobs.state import CONNECTION, DELIVERY, ISSUE, RUN, WORKFLOW
from tenants.accounts.api.scope import ListFilters

_MOST = 2**63 - 1
_SINCE = (
    "Only what changed at this moment or later, such as 2026-10-31T18:00:00Z. Ask from a minute "
    "before the newest moment that you have, and take what you know already as it is: what was "
    "being written then appears a little later."
)


def _id(text: str, source: str | None = None) -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False, min_value=1, max_value=_MOST, source=source, help_text=text
    )


class ConnectionFilters(ListFilters):
    """Filters of connections."""

    state = OneOf(required=False, choices=CONNECTION.choices)


class WorkflowFilters(ListFilters):
    """Filters of workflows."""

    state = OneOf(required=False, choices=WORKFLOW.choices)
    upgrade = OneOf(
        required=False,
        choices=["waiting", "none"],
        help_text="Whether a newer version of the blueprint waits to be proposed.",
    )

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """Turn the choice into the look-up that it stands for."""
        checked = super().validate(attrs)
        if "upgrade" in checked:
            checked["is_behind"] = checked.pop("upgrade") == "waiting"
        return checked


class RunFilters(ListFilters):
    """Filters of runs."""

    state = OneOf(required=False, choices=RUN.choices)
    workflow = _id("Only runs of this workflow.", "workflow_id")


class RecordFilters(ListFilters):
    """Filters of records."""

    type = OneOf(required=False, choices=sorted(SCHEMAS), help_text="The kind of object.")
    key = serializers.CharField(
        required=False, max_length=200, help_text="The number or code that the record goes by."
    )
    engagement = serializers.CharField(
        required=False, max_length=120, help_text="The identifier that all systems share."
    )
    changed_since = serializers.DateTimeField(
        required=False, source="changed_at__gte", help_text=_SINCE
    )


class DeliveryFilters(ListFilters):
    """Filters of deliveries."""

    state = OneOf(required=False, choices=DELIVERY.choices)
    run = _id("Only deliveries of this run.", "run_id")
    workflow = _id("Only deliveries of this workflow.", "workflow_id")
    record = _id("Only deliveries of this record.", "record_id")
    changed_since = serializers.DateTimeField(
        required=False, source="updated_at__gte", help_text=_SINCE
    )


class ExceptionFilters(ListFilters):
    """Filters of exceptions."""

    state = OneOf(required=False, choices=ISSUE.choices)
