"""How fast mappings run, against the same work written by hand, in the same run.

Processor time is taken, and the two take turns, so that a busy machine slows both alike. The
hand-written functions do what the mappings do and no more: the same checks of types, exact
decimals, days and lengths, with a problem for what is wrong; they can't be changed by anybody
who does not program, name no rule, and show no steps.
"""

import gc
import json
import resource
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any, Final

from bench.figures import Figure, at_least, at_most, reported
from mappings.engine import CompiledMapping, Inputs, compile_mapping
from mappings.numbers import CONTEXT, as_decimal, rounded
from syncjobs.connectors.codec import decode

RECORDS: Final = 4_000
ROUNDS: Final = 9
MEMORY_RECORDS: Final = 1_000_000
LIMIT: Final = "Python itself: one call for each rule"
INPUTS: Final = Inputs()

SIMPLE: Final[dict[str, object]] = {
    "rules": [
        {"id": "id", "target": "reference", "source": "number", "type": "text", "required": True},
        {"id": "proj", "target": "project", "source": "project", "type": "text", "required": True},
        {"id": "res", "target": "resource", "source": "resource", "type": "text"},
        {"id": "task", "target": "task", "source": "task", "type": "text"},
        {"id": "day", "target": "date", "source": "date", "type": "date", "required": True},
        {"id": "hours", "target": "quantity", "source": "hours", "type": "decimal",
         "required": True},
        {"id": "rate", "target": "unitPrice", "source": "rate", "type": "decimal"},
        {"id": "cur", "target": "currency", "source": "currency", "type": "text"},
        {"id": "bill", "target": "billable", "source": "billable", "type": "boolean"},
        {"id": "text", "target": "description", "source": "description", "type": "text"},
        {"id": "tax", "target": "taxCode", "source": "tax_code", "type": "text"},
        {"id": "unit", "target": "unit", "constant": "h", "type": "text"},
    ]
}  # fmt: skip
NESTED: Final[dict[str, object]] = {
    "rules": [
        {"id": "num", "target": "number", "source": "id", "type": "text", "required": True},
        {"id": "name", "target": "name", "source": "properties.name", "type": "text",
         "steps": [{"do": "trim"}]},
        {"id": "cust", "target": "customer.number", "source": "account.number", "type": "text"},
        {"id": "cname", "target": "customer.name", "source": "account.name", "type": "text"},
        {"id": "mail", "target": "customer.email", "source": "account.contact.email",
         "type": "text", "steps": [{"do": "lower"}]},
        {"id": "city", "target": "customer.city", "source": "account.address.city",
         "type": "text"},
        {"id": "land", "target": "customer.country", "source": "account.address.country",
         "type": "text"},
        {"id": "stage", "target": "stage", "source": "properties.stage", "type": "text"},
        {"id": "close", "target": "close_date", "source": "properties.closeDate",
         "type": "date"},
        {"id": "cur", "target": "currency", "source": "properties.currency", "type": "text"},
        {"id": "own", "target": "owner", "source": "owner.email", "type": "text"},
        {"id": "won", "target": "won", "source": "properties.won", "type": "boolean"},
        {"id": "amount", "target": "amount", "type": "decimal",
         "expr": "round(mul(field('properties.hours'), field('properties.rate')), 2)"},
        {"id": "kind", "target": "kind", "type": "text",
         "expr": "if(eq(field('properties.billing'), 'fixed'), 'fixed', 'time')"},
        {"id": "label", "target": "label", "type": "text",
         "expr": "concat(field('account.name'), ': ', field('properties.name'))"},
    ]
}  # fmt: skip
PIPELINE: Final[dict[str, object]] = {
    "rules": [
        {"id": "number", "target": "number", "source": "number", "required": True},
        {"id": "project", "target": "project", "source": "project", "required": True},
        {"id": "resource", "target": "resource", "source": "resource"},
        {"id": "task", "target": "task", "source": "task"},
        {"id": "date", "target": "date", "source": "date", "required": True},
        {"id": "hours", "target": "hours", "source": "hours", "required": True},
        {"id": "rate", "target": "rate", "source": "rate"},
        {"id": "currency", "target": "currency", "source": "currency"},
        {"id": "billable", "target": "billable", "source": "billable"},
        {"id": "description", "target": "description", "source": "description"},
        {"id": "entity", "target": "entity", "source": "entity"},
        {"id": "status", "target": "status", "constant": "approved"},
    ]
}


def entry(number: int) -> dict[str, object]:
    """Return a time entry as a source gives it."""
    return {
        "number": f"T-{number}",
        "project": f"P-{number % 40}",
        "resource": "ada@example.com",
        "task": "Build",
        "date": f"2026-10-{number % 28 + 1:02d}",
        "hours": f"{number % 8}.50",
        "rate": "145.00",
        "currency": "EUR",
        "billable": number % 3 > 0,
        "description": "Worked on the connection of both systems",
        "tax_code": "S19",
        "entity": "Northwind GmbH",
        "status": "approved",
    }


def deal(number: int) -> dict[str, object]:
    """Return an opportunity as a CRM gives it, nested."""
    return {
        "id": f"O-{number}",
        "owner": {"email": "grace@example.com"},
        "properties": {
            "name": f" Roll-out {number} ",
            "stage": "closedwon",
            "closeDate": f"2026-11-{number % 28 + 1:02d}",
            "currency": "EUR",
            "won": True,
            "hours": f"{number % 90}.25",
            "rate": "145.00",
            "billing": "fixed" if number % 2 else "hourly",
        },
        "account": {
            "number": f"C-{number % 50}",
            "name": "Alder Consulting",
            "contact": {"email": "Office@Alder.example"},
            "address": {"city": "Ulm", "country": "DE"},
        },
    }


# --- by hand --------------------------------------------------------------------------------


class Wrong(ValueError):
    """What the hand-written functions raise."""


def _text(value: object, name: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 10_000 or not value.isprintable():
        raise Wrong(f"{name} is no text")
    return value


def _must(value: object, name: str) -> object:
    if value is None or value == "":
        raise Wrong(f"{name} is missing")
    return value


def _number(value: object, name: str) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        return as_decimal(value)
    except ValueError as error:
        raise Wrong(f"{name} {error}") from error


def _day(value: object, name: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) != 10 or not value.isascii():
        raise Wrong(f"{name} is no day")
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise Wrong(f"{name} is no day") from error


def _flag(value: object, name: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise Wrong(f"{name} is neither true nor false")


def simple_by_hand(record: dict[str, Any]) -> dict[str, object]:
    """Map a time entry to an invoice line."""
    get = record.get
    return {
        "reference": _text(_must(get("number"), "number"), "number"),
        "project": _text(_must(get("project"), "project"), "project"),
        "resource": _text(get("resource"), "resource"),
        "task": _text(get("task"), "task"),
        "date": _day(_must(get("date"), "date"), "date"),
        "quantity": _number(_must(get("hours"), "hours"), "hours"),
        "unitPrice": _number(get("rate"), "rate"),
        "currency": _text(get("currency"), "currency"),
        "billable": _flag(get("billable"), "billable"),
        "description": _text(get("description"), "description"),
        "taxCode": _text(get("tax_code"), "tax_code"),
        "unit": "h",
    }


def nested_by_hand(record: dict[str, Any]) -> dict[str, object]:
    """Map a CRM's opportunity."""
    given = record.get("properties") or {}
    account = record.get("account") or {}
    place = account.get("address") or {}
    contact = account.get("contact") or {}
    name = _text(given.get("name"), "name")
    mail = _text(contact.get("email"), "email")
    amount = CONTEXT.multiply(as_decimal(given.get("hours")), as_decimal(given.get("rate")))
    return {
        "number": _text(_must(record.get("id"), "id"), "id"),
        "name": name.strip() if name else None,
        "customer": {
            "number": _text(account.get("number"), "number"),
            "name": _text(account.get("name"), "name"),
            "email": mail.lower() if mail else None,
            "city": _text(place.get("city"), "city"),
            "country": _text(place.get("country"), "country"),
        },
        "stage": _text(given.get("stage"), "stage"),
        "close_date": _day(given.get("closeDate"), "closeDate"),
        "currency": _text(given.get("currency"), "currency"),
        "owner": _text((record.get("owner") or {}).get("email"), "owner"),
        "won": _flag(given.get("won"), "won"),
        "amount": rounded(amount, 2),
        "kind": "fixed" if given.get("billing") == "fixed" else "time",
        "label": _text(f"{account.get('name') or ''}: {given.get('name') or ''}", "label"),
    }


# --- measuring ------------------------------------------------------------------------------


def _rate(work: Callable[[], object]) -> float:
    """Return records per processor second."""
    gc.collect()
    begin = time.process_time()
    work()
    return RECORDS / (time.process_time() - begin)


def _rates(*works: Callable[[], object]) -> list[float]:
    """Return the median rate of each, measured in turns."""
    for work in works:
        work()
    rounds = [[_rate(work) for work in works] for _ in range(ROUNDS)]
    return [median(one[at] for one in rounds) for at in range(len(works))]


def _run_all(mapping: CompiledMapping, records: list[dict[str, object]]) -> Callable[[], object]:
    def work() -> None:
        for record in records:
            mapping.run(record, inputs=INPUTS)

    return work


def _by_hand(
    function: Callable[[dict[str, Any]], object], records: list[dict[str, object]]
) -> Callable[[], object]:
    def work() -> None:
        for record in records:
            function(record)

    return work


def _same(
    mapping: CompiledMapping,
    function: Callable[[dict[str, Any]], object],
    records: list[dict[str, object]],
) -> None:
    """Raise AssertionError unless both make the same of each record."""
    for record in records:
        assert mapping.run(record, inputs=INPUTS).data == function(record)


def measure() -> list[Figure]:
    """Return the figures of the mapping engine."""
    entries, deals = [entry(n) for n in range(RECORDS)], [deal(n) for n in range(RECORDS)]
    simple, nested = compile_mapping(SIMPLE), compile_mapping(NESTED)
    _same(simple, simple_by_hand, entries[:100])
    _same(nested, nested_by_hand, deals[:100])
    own, hand = _rates(_run_all(simple, entries), _by_hand(simple_by_hand, entries))
    nested_own, nested_hand = _rates(_run_all(nested, deals), _by_hand(nested_by_hand, deals))
    return [
        at_least("mapping.simple.ratio", own / hand, "of by hand", 0.35, LIMIT),
        reported("mapping.simple", own, "records/s", LIMIT),
        reported("mapping.simple.by_hand", hand, "records/s", "Python itself"),
        at_least("mapping.nested.ratio", nested_own / nested_hand, "of by hand", 0.5, LIMIT),
        reported("mapping.nested", nested_own, "records/s", LIMIT),
        reported("mapping.nested.by_hand", nested_hand, "records/s", "Python itself"),
        _pipeline(entries),
        _size(),
        _memory(simple, entries),
    ]


def _pipeline(entries: list[dict[str, object]]) -> Figure:
    """Decode, map and validate: what a record goes through on its way in."""
    mapping = compile_mapping(PIPELINE, object_type="time_entry")
    page = 200
    texts = [json.dumps(entries[at : at + page]).encode() for at in range(0, RECORDS, page)]

    def work() -> None:
        for text in texts:
            found = decode(text)
            assert isinstance(found, list)
            for record in found:
                assert mapping.run(record, inputs=INPUTS).data is not None

    (rate,) = _rates(work)
    return at_least("mapping.pipeline", rate, "records/s", 50_000, "Python itself; decoding")


def _size() -> Figure:
    """Return the memory that one compiled mapping takes, of 200 different ones."""
    compile_mapping(NESTED)
    gc.collect()
    tracemalloc.start()
    kept = [compile_mapping(NESTED) for _ in range(200)]
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] / len(kept) / 1000
    tracemalloc.stop()
    return at_most("mapping.size", size, "KB", 25, "closures and names of 15 rules")


def _memory(mapping: CompiledMapping, entries: list[dict[str, object]]) -> Figure:
    """Return by how much the process grows over a million records after the first tenth."""
    work, turns = _run_all(mapping, entries), MEMORY_RECORDS // RECORDS
    for _ in range(turns // 10):
        work()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(turns):
        work()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    return at_most("mapping.memory_growth", grown, "MB", 1.0, "nothing is kept of a record")
