"""A mapping's document: what it may hold, its canonical JSON and its hash. Pure.

    {"rules": [{"id": "amount", "target": "amount", "source": "Amount",
                "steps": [{"do": "round", "digits": 2}], "required": true}],
     "checks": [{"id": "rate", "assert": "gt(field('rate'), 0)",
                 "message": "A billable hour needs a rate.", "severity": "reject"}]}

A rule takes its value from one of `source` (a path in the record), `constant`, `expr`, or
`for_each` (a list in the record, with `rules` for its members); then come `steps`, then
`lookup`: {"reference": "customer"} for the id of another record, or {"value_map": "terms",
"on_miss": "fail" | "default" | "pass"}. `on_missing` and `on_null` say what happens when there
is no value: fail, null, default or skip. `when` is a condition; `type` the type of the result.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

RULE_KEYS = {
    "id", "target", "source", "constant", "expr", "for_each", "rules", "steps", "lookup",
    "default", "on_null", "on_missing", "when", "type", "required", "note",
}  # fmt: skip
ORIGINS = ("source", "constant", "expr", "for_each")
POLICIES = ("fail", "null", "default", "skip")
TYPES = ("text", "decimal", "integer", "boolean", "date", "datetime", "list", "any")
SEVERITIES = ("reject", "hold", "warn")
MAX_RULES = 500
MAX_STEPS = 20
MAX_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, with a document or with a record.

    code: stable, for programs. rule, target, source: where. message: what to do, in words.
    """

    code: str
    message: str
    rule: str = ""
    target: str = ""
    source: str = ""
    detail: Mapping[str, object] | None = None

    def __str__(self) -> str:
        where = f"{self.target}: " if self.target else ""
        return f"{where}{self.message}"


class MappingError(ValueError):
    """A document that can't be used; `problems` has everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(one) for one in problems[:5]))


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no place in a mapping")


def canonical_json(document: Mapping[str, object]) -> str:
    """Return the one text of a document: sorted keys, no spaces, no floats."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False,
        default=_plain,
    )  # fmt: skip


def document_hash(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def rules_of(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the rules, without looking into them."""
    rules = document.get("rules")
    return [one for one in rules if isinstance(one, Mapping)] if isinstance(rules, list) else []


def _rule_faults(rule: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    unknown = set(rule) - RULE_KEYS
    if unknown:
        yield "unknown_key", f"A rule has no {', '.join(sorted(map(str, unknown)))}."
    if not str(rule.get("target") or ""):
        yield "target_missing", "The rule has no target field."
    if sum(name in rule for name in ORIGINS) != 1:
        yield "origin", "Give exactly one of source, constant, expression or list."
    if "for_each" in rule and not rules_of(rule):
        yield "rules_missing", "A rule over a list needs rules for its members."
    if rule.get("type", "any") not in TYPES:
        yield "type", f"The type is one of {', '.join(TYPES)}."
    yield from _policy_faults(rule)
    yield from _work_faults(rule)


def _policy_faults(rule: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name in ("on_null", "on_missing"):
        if rule.get(name, "fail") not in POLICIES:
            yield "policy", f"{name} is one of {', '.join(POLICIES)}."


def _work_faults(rule: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    steps = rule.get("steps", [])
    if not isinstance(steps, list) or len(steps) > MAX_STEPS:
        yield "steps", f"A rule takes at most {MAX_STEPS} steps."
    elif not all(isinstance(step, Mapping) and step.get("do") for step in steps):
        yield "steps", "Each step says what it does."
    lookup = rule.get("lookup")
    if lookup is not None and not (isinstance(lookup, Mapping) and len(lookup) in (1, 2)):
        yield "lookup", "A look-up is a reference or a value map."


def structure_problems(document: Mapping[str, object]) -> list[Problem]:
    """Return everything that is wrong with the shape of a document."""
    try:
        if len(canonical_json(document)) > MAX_BYTES:
            return [Problem("too_large", "The mapping is too large; split it.")]
    except (TypeError, ValueError, RecursionError):
        return [Problem("not_json", "The mapping holds something that is not plain data.")]
    rules = rules_of(document)
    if not rules or len(rules) > MAX_RULES:
        return [Problem("rules", f"A mapping has 1 to {MAX_RULES} rules.")]
    found = []
    seen: set[str] = set()
    for place, rule in enumerate(rules):
        ident = str(rule.get("id") or "")
        if not ident or ident in seen:
            found.append(Problem("id", f"Rule {place + 1} needs an id of its own.", ident))
        seen.add(ident)
        target = str(rule.get("target") or "")
        found += [Problem(code, text, ident, target) for code, text in _rule_faults(rule)]
    return found
