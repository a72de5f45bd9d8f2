"""The staffing system's objects."""

from collections.abc import Mapping

from syncjobs.sandbox.checks import Check, choice, currency, date, decimal, email, flag, text
from syncjobs.sandbox.resources import Body, Kind, require_document
from syncjobs.sandbox.store import Store


def _of_somebody(store: Store, body: Body, _old: Body | None) -> Body:
    require_document(store, "people", "number", str(body.get("personNumber")), 400)
    return body


_RATES: Mapping[str, Check] = {"costRate": decimal(), "billRate": decimal()}

KINDS = (
    Kind(
        "people",
        {
            "number": text(40),
            "name": text(),
            "email": email,
            "availableHours": decimal(),
            "active": flag,
        },
        required=("number", "name"),
        unique=("number",),
        defaults={"active": True},
    ),
    Kind(
        "requests",
        {
            "number": text(40),
            "projectCode": text(40),
            "role": text(),
            "skill": text(),
            "startDate": date,
            "endDate": date,
            "plannedHours": decimal(),
            "billRate": decimal(),
            "currency": currency,
            "status": choice("open", "filled", "cancelled"),
            "externalReference": text(),
        },
        required=("number", "projectCode", "role", "currency"),
        unique=("number", "externalReference"),
        indexed=("projectCode", "status"),
        defaults={"status": "open"},
    ),
    Kind(
        "assignments",
        {
            **_RATES,
            "number": text(40),
            "projectCode": text(40),
            "personNumber": text(40),
            "role": text(),
            "jobCode": text(40),
            "startDate": date,
            "endDate": date,
            "plannedHours": decimal(),
            "currency": currency,
            "status": choice("planned", "confirmed", "ended"),
        },
        required=("number", "projectCode", "personNumber", "currency"),
        unique=("number",),
        indexed=("projectCode", "personNumber"),
        defaults={"status": "confirmed", "jobCode": None},
        prepare=_of_somebody,
    ),
)
