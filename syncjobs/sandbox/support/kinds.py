"""The support system's objects."""

from syncjobs.sandbox.checks import choice, moment, text
from syncjobs.sandbox.resources import Body, Kind
from syncjobs.sandbox.store import Store


def _escalated_at(store: Store, body: Body, _old: Body | None) -> Body:
    if body["status"] == "escalated" and not body.get("escalatedAt"):
        return {**body, "escalatedAt": store.stamp()}
    return body


KINDS = (
    Kind(
        "cases",
        {
            "number": text(40),
            "subject": text(),
            "customerNumber": text(40),
            "projectCode": text(40),
            "severity": choice("low", "normal", "high", "critical"),
            "status": choice("open", "escalated", "resolved"),
            "escalatedAt": moment,
        },
        required=("number", "subject", "customerNumber"),
        unique=("number",),
        indexed=("customerNumber", "status"),
        defaults={"severity": "normal", "status": "open"},
        prepare=_escalated_at,
    ),
)
