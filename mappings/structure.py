"""Checks the shape of a mapping's document before anything of it is compiled. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from mappings.documents import Problem, checks_of, rules_of
from mappings.paths import BadPath, split
from tenants.nouns import in_words

Rule = Mapping[str, object]
Fault = tuple[str, str]

DOCUMENT_KEYS: Final = frozenset({"rules", "checks", "open_targets"})
RULE_KEYS: Final = frozenset({
    "id", "target", "source", "constant", "expr", "for_each", "rules", "steps", "lookup",
    "default", "on_null", "on_missing", "when", "type", "required", "note",
    "extension",
})  # fmt: skip
CHECK_KEYS: Final = frozenset({"id", "assert", "message", "severity"})
ORIGINS: Final = ("source", "constant", "expr", "for_each")
POLICIES: Final = ("fail", "null", "default", "skip")
MISSES: Final = ("fail", "hold", "default", "pass")
TYPES: Final = (
    "text", "decimal", "integer", "boolean", "date", "datetime", "list", "object", "any",
)  # fmt: skip
EXTENSIONS: Final = ("replace", "any")
SEVERITIES: Final = ("reject", "hold", "warn")
MAX_RULES: Final = 500
MAX_STEPS: Final = 20
MAX_CHECKS: Final = 50
MAX_OPEN: Final = 100
MAX_LEVELS: Final = 3
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_NAME: Final = re.compile(r"[a-z0-9_-]{1,60}")


def structure_problems(document: Mapping[str, object]) -> list[Problem]:
    """Return everything that is wrong with the shape of a plain document."""
    found = [
        Problem("unknown_key", f"A mapping has no part {name[:40]!r}.")
        for name in document
        if name not in DOCUMENT_KEYS
    ]
    total = _count_rules(document, 1)
    if not isinstance(document.get("rules"), list) or not 1 <= total <= MAX_RULES:
        return [*found, Problem("rules", f"A mapping has 1 to {MAX_RULES} rules.")]
    found += _rules_problems(document, "", 1)
    return found + list(_checks_problems(document)) + list(_extension_problems(document))


def _count_rules(holder: Mapping[str, object], level: int) -> int:
    rules = holder.get("rules")
    members = rules if isinstance(rules, list) else []
    if level > MAX_LEVELS:
        return len(members)
    return len(members) + sum(_count_rules(one, level + 1) for one in rules_of(holder))


def _rules_problems(holder: Mapping[str, object], above: str, level: int) -> list[Problem]:
    """Return what is wrong with a list of rules; `above` is the way to it, for the ids."""
    given = holder.get("rules")
    if not isinstance(given, list) or not given:
        return [Problem("rules", "A list needs rules for its members.", above.rstrip("/"))]
    if level > MAX_LEVELS:
        return [Problem("levels", f"Lists go {MAX_LEVELS} levels deep at most.", above.rstrip("/"))]
    found: list[Problem] = []
    seen: set[str] = set()
    for place, rule in enumerate(given, 1):
        if not isinstance(rule, Mapping):
            found.append(Problem("rule", f"Rule {place} is not an object.", above.rstrip("/")))
            continue
        ident = str(rule.get("id") or "")
        if _ID.fullmatch(ident) is None or ident in seen:
            found.append(Problem("id", f"Rule {place} needs an id of its own.", above + ident[:80]))
        seen.add(ident)
        target = str(rule.get("target") or "")
        found += [Problem(code, text, above + ident, target) for code, text in _rule_faults(rule)]
        if "for_each" in rule:
            found += _rules_problems(rule, f"{above}{ident}/", level + 1)
    return found + target_problems(rules_of(holder), above)


def _rule_faults(rule: Rule) -> Iterator[Fault]:
    unknown = sorted(set(rule) - RULE_KEYS)
    if unknown:
        yield "unknown_key", f"A rule has no part {', '.join(unknown)[:60]}."
    if sum(name in rule for name in ORIGINS) != 1:
        yield "origin", "Give exactly one of field, constant, expression or list."
    yield from _text_faults(rule)
    yield from _policy_faults(rule)
    yield from _steps_faults(rule)
    yield from _lookup_faults(rule.get("lookup"), rule)
    if "for_each" in rule and ({"steps", "lookup"} & set(rule)):
        yield "for_each", "Steps and look-ups belong to the rules of the list's members."
    if "rules" in rule and "for_each" not in rule:
        yield "for_each", "Only a rule over a list has rules of its own."


def _text_faults(rule: Rule) -> Iterator[Fault]:
    for name in ("target", *(one for one in ("source", "for_each") if one in rule)):
        path = rule.get(name)
        if not isinstance(path, str) or not path:
            yield name, f"The rule needs a {'field' if name == 'source' else name}."
            continue
        try:
            split(path)
        except BadPath as error:
            yield name, str(error)
    for name in ("expr", "when", "note"):
        if name in rule and not isinstance(rule[name], str):
            yield name, f"The rule's {name} is a text."
    if not isinstance(rule.get("required", False), bool):
        yield "required", "Required is true or false."


_WHERE: Final = {"on_null": "Where the field is empty", "on_missing": "Without the field"}


def _policy_faults(rule: Rule) -> Iterator[Fault]:
    if rule.get("type", "any") not in TYPES:
        yield "type", f"The type is one of {', '.join(TYPES)}."
    if rule.get("required") is True and "default" in rule and rule["default"] in (None, ""):
        yield "policy", "The default of a required rule can't be empty."
    for name in ("on_null", "on_missing"):
        policy = rule.get(name)
        if policy is None and name not in rule:
            continue
        if policy not in POLICIES:
            yield "policy", f"{name} is one of {', '.join(POLICIES)}."
        elif policy == "default" and "default" not in rule:
            yield (
                "policy",
                f"{_WHERE[name]} it takes the default, and the rule has none: write one.",
            )
        elif policy in ("null", "skip") and rule.get("required") is True:
            text = "a required rule refuses the record or takes a default, and is never left empty."
            yield "policy", f"{_WHERE[name]} {text}"


def _steps_faults(rule: Rule) -> Iterator[Fault]:
    steps = rule.get("steps", [])
    if not isinstance(steps, list) or len(steps) > MAX_STEPS:
        yield "steps", f"A rule takes at most {MAX_STEPS} steps."
    elif not all(isinstance(step, Mapping) and isinstance(step.get("do"), str) for step in steps):
        yield "steps", "Each step says what it does."


def _lookup_faults(lookup: object, rule: Rule) -> Iterator[Fault]:
    if lookup is None and "lookup" not in rule:
        return
    if not isinstance(lookup, Mapping):
        yield "lookup", "A look-up is a reference or a value map."
        return
    if set(lookup) == {"reference"}:
        if not _is_name(lookup["reference"]):
            yield "lookup", "A reference names a kind of record, such as customer."
        return
    if "value_map" not in lookup or set(lookup) - {"value_map", "on_miss"}:
        yield "lookup", "A look-up is a reference or a value map."
    elif not _is_name(lookup["value_map"]):
        yield "lookup", "A value map is named in small letters, digits, - and _."
    elif lookup.get("on_miss", "fail") not in MISSES:
        yield "lookup", f"on_miss is one of {', '.join(MISSES)}."
    elif lookup.get("on_miss") == "default" and "default" not in rule:
        yield "lookup", "Without an entry it takes the default, and the rule has none: write one."


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def target_problems(rules: list[Rule], above: str = "") -> list[Problem]:
    """Return the rules whose target another one has, or lies on the way to.

    Two rules with a condition each may share a target: one of them gives the value.
    """
    found = []
    taken: dict[tuple[str, ...], Rule] = {}
    for rule in rules:
        try:
            parts = split(str(rule.get("target") or ""))
        except BadPath:
            continue  # has been said already
        other = taken.setdefault(parts, rule)
        if other is not rule and not (other.get("when") and rule.get("when")):
            text = "Another rule has this target; give both a condition, or remove one."
            found.append(_of_rule("target", text, rule, above))
    whole = set(taken)
    for parts, rule in taken.items():
        if any(parts[:size] in whole for size in range(1, len(parts))):
            text = "Another rule fills the whole object that this field is a part of."
            found.append(_of_rule("target", text, rule, above))
    return found


def _of_rule(code: str, text: str, rule: Rule, above: str) -> Problem:
    return Problem(code, text, f"{above}{rule.get('id')}", str(rule.get("target") or ""))


def _extension_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    """Give what is wrong with the places where clients may differ."""
    for rule in rules_of(document):
        if "extension" in rule and rule["extension"] not in EXTENSIONS:
            yield _of_rule("extension", f"extension is one of {', '.join(EXTENSIONS)}.", rule, "")
        if rule.get("extension") == "any" and rule.get("required") is True:
            yield _of_rule("extension", "A required rule can't be left out.", rule, "")
        for member in rules_of(rule):
            if "extension" in member:
                text = in_words(
                    "Clients replace the rule over the list as a whole, not one inside it."
                )
                yield _of_rule("extension", text, member, f"{rule.get('id')}/")
    given = document.get("open_targets", [])
    if not isinstance(given, list) or len(given) > MAX_OPEN:
        yield Problem(
            "open_targets", in_words(f"Clients may add rules for at most {MAX_OPEN} fields.")
        )
        return
    for target in given:
        try:
            split(target if isinstance(target, str) else "")
        except BadPath as error:
            yield Problem("open_targets", str(error))


def _checks_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    given = document.get("checks", [])
    checks = checks_of(document)
    if not isinstance(given, list) or len(checks) != len(given) or len(given) > MAX_CHECKS:
        yield Problem("check", f"A mapping has at most {MAX_CHECKS} checks.")
        return
    seen: set[str] = set()
    for place, check in enumerate(checks, 1):
        ident = str(check.get("id") or "")
        if _ID.fullmatch(ident) is None or ident in seen:
            yield Problem("check", f"Check {place} needs an id of its own.", ident[:80])
        seen.add(ident)
        for fault in _check_faults(check):
            yield Problem("check", fault, ident[:80])


def _check_faults(check: Mapping[str, object]) -> Iterator[str]:
    if set(check) - CHECK_KEYS:
        yield "A check has id, assert, message and severity."
    if not _words(check, "assert"):
        yield "The check asserts nothing."
    if not _words(check, "message"):
        yield "The check needs a message for people."
    if check.get("severity", "reject") not in SEVERITIES:
        yield f"The severity is one of {', '.join(SEVERITIES)}."


def _words(check: Mapping[str, object], name: str) -> str:
    value = check.get(name)
    return value.strip() if isinstance(value, str) else ""
