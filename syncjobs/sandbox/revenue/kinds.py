"""The revenue engine's objects."""

from syncjobs.sandbox.checks import choice, currency, date, decimal, period, text
from syncjobs.sandbox.resources import Kind

EVIDENCE = Kind(
    "evidence",
    {
        "externalReference": text(),
        "kind": choice("time", "milestone", "invoice"),
        "contractNumber": text(40),
        "obligation": text(40),
        "projectCode": text(40),
        "amount": decimal(),
        "currency": currency,
        "occurredOn": date,
    },
    required=("kind", "contractNumber", "amount", "currency", "occurredOn"),
    unique=("externalReference",),
    indexed=("contractNumber", "kind"),
    natural="externalReference",
    amount="amount",
)
RECOGNITIONS = Kind(
    "recognitions",
    {
        "number": text(60),
        "contractNumber": text(40),
        "obligation": text(40),
        "projectCode": text(40),
        "period": period,
        "amount": decimal(),
        "currency": currency,
        "recognisedOn": date,
    },
    required=("number", "contractNumber", "period", "amount", "currency"),
    unique=("number",),
    indexed=("contractNumber", "period"),
    amount="amount",
)
KINDS = (EVIDENCE, RECOGNITIONS)
