"""From a document to rules and checks, or to everything that is wrong with it. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mappings.canonical.custom import NONE, CustomFields
from mappings.canonical.fields import Field
from mappings.canonical.registry import SCHEMAS, UnknownObject, fields_of
from mappings.documents import (
    MappingError,
    Problem,
    checks_of,
    objects_in,
    plain_document,
    rules_of,
)
from mappings.inputs import Record
from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.parts import BESIDES, EACH, each_problems, each_rule, read_of_each
from mappings.paths import BadPath, split
from mappings.rules import TYPE_OF, Rule, mark_shared
from mappings.structure import structure_problems
from mappings.transforms import TransformError

# Parts of all expressions, steps and rules together; an ordinary mapping has under 300.
MAX_SIZE: Final = 10_000
_TOO_LARGE: Final = Problem("too_large", "All rules together do too much; split the mapping.")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
# What a workflow adds to the canonical record that an outbound mapping reads.
_BESIDES: Final = frozenset({"origin", "related", "variables", "collected"})


@dataclass(frozen=True, slots=True)
class Check:
    """A condition over the result: what to say and how bad it is when it is not true."""

    id: str
    condition: Expression
    message: str
    severity: str

    def failure(self, data: Record, variables: Mapping[str, object]) -> str:
        """Return why the check fails for a result, "" when it holds."""
        try:
            return "" if self.condition(data, variables) is True else self.message
        except ExpressionError as error:
            return f"{self.message} ({error})"


def compiled_parts(
    document: Record, object_type: str, source_type: str, custom: CustomFields = NONE
) -> tuple[list[Rule], list[Check]]:
    """Return the compiled rules and checks. Raises MappingError."""
    plain = plain_document(document)
    problems = structure_problems(plain)
    if problems:
        raise MappingError(problems)
    fields = _fields(object_type, custom)
    if problems := list(each_problems(plain, makes=object_type)):
        raise MappingError(problems)
    made = _bounded_rules(plain, fields)
    judged = [_check(raw, rules_of(plain)) for raw in checks_of(plain)]
    rules = [one for one in made if isinstance(one, Rule)]
    checks = [one for one in judged if isinstance(one, Check)]
    problems = [one for one in [*made, *judged] if isinstance(one, Problem)]
    problems += _target_problems(plain, fields) + _lookup_problems(plain)
    problems += _source_problems(rules, source_type, custom, each_rule(plain))
    if object_type and source_type:
        problems += [_untold(one) for one in checks if one.severity == "warn"]
    if problems:
        raise MappingError(problems)
    mark_shared(rules)
    return rules, checks


def _written_size(holder: Record) -> int:
    """Return how many parts the expressions of rules have, as they are written: one, and one
    more for each comma and each call. What is in quotes does not count."""
    size = 0
    for raw in rules_of(holder):
        for name in ("expr", "when"):
            if isinstance(text := raw.get(name), str) and text:
                bare = _QUOTED.sub("", text) if "'" in text or '"' in text else text
                size += 1 + bare.count(",") + bare.count("(")
        size += 1 + _written_size(raw)
    return size


def _bounded_rules(document: Record, fields: Mapping[str, Field]) -> list[Rule | Problem]:
    """Compile rule by rule, and stop when all together are too much. Raises MappingError."""
    made: list[Rule | Problem] = []
    if _written_size(document) > MAX_SIZE:
        raise MappingError([_TOO_LARGE])
    size = 0
    for raw in rules_of(document):
        one = _rule(raw, fields)
        size += one.size if isinstance(one, Rule) else 0
        if size > MAX_SIZE:
            raise MappingError([_TOO_LARGE])
        made.append(one)
    return made


def _fields(object_type: str, custom: CustomFields) -> dict[str, Field]:
    if not object_type:
        return {}
    try:
        return fields_of(object_type, custom)
    except UnknownObject as error:
        raise MappingError([Problem("object", str(error))]) from error


def _field_at(fields: Mapping[str, Field], parts: tuple[str, ...]) -> Field | None:
    """Return the canonical field at a target, also one inside an object."""
    found = fields.get(parts[0])
    for name in parts[1:]:
        items = {one.name: one for one in found.items} if found else {}
        found = items.get(name)
    return found


def _rule(raw: Record, fields: Mapping[str, Field]) -> Rule | Problem:
    ident, target = str(raw.get("id")), str(raw.get("target"))
    field = _field_at(fields, split(target))
    try:
        rule = Rule(raw, field)
    except (ExpressionError, TransformError, BadPath) as error:
        return Problem("rule", str(error), ident, target)
    wrong = _type_fault(raw, field) or _choice_fault(raw, field)
    return Problem("rule", wrong, ident, target) if wrong else rule


def _type_fault(raw: Record, field: Field | None) -> str:
    given = raw.get("type", "any")
    if field is None or given in ("any", TYPE_OF[field.type]):
        return ""
    return f"{field.label} is of the type {TYPE_OF[field.type]}, not {given}."


def _choice_fault(raw: Record, field: Field | None) -> str:
    """Say which value that the rule itself writes is none of the field's choices."""
    if field is None or not field.choices:
        return ""
    written = [] if raw.get("steps") else [raw.get("constant")]
    written.append(raw.get("default"))
    steps = objects_in(raw.get("steps"))
    if steps and steps[-1].get("do") == "table" and not raw.get("lookup"):
        table = steps[-1].get("table")
        written += list(table.values()) if isinstance(table, Mapping) else []
    wrong = [str(one) for one in written if one is not None and one not in field.choices]
    if not wrong:
        return ""
    return f"{wrong[0][:40]!r} is none of {', '.join(field.choices)}."


def _check(raw: Record, rules: list[Record]) -> Check | Problem:
    ident = str(raw["id"])
    try:
        condition = Expression(str(raw["assert"]))
    except ExpressionError as error:
        return Problem("check", str(error), ident)
    filled = {split(str(rule["target"]))[0] for rule in rules} - {EACH}
    for path in condition.paths:
        if split(path)[0] not in filled:
            return Problem("check", f"The check reads {path!r}, which no rule fills.", ident)
    return Check(ident, condition, str(raw["message"]), str(raw.get("severity") or "reject"))


def _untold(check: Check) -> Problem:
    """A warning is shown where a record comes in or goes out; between the two it is nowhere."""
    text = (
        "Records that are derived warn nobody. Let this check hold or refuse, or put it into the "
        "mapping that writes them."
    )
    return Problem("check", text, check.id)


def _target_problems(document: Record, fields: Mapping[str, Field]) -> list[Problem]:
    """Return the rules whose target the canonical object does not have."""
    if not fields:
        return []
    return list(_unknown_targets(rules_of(document), fields, "", ""))


def _unknown_targets(
    rules: list[Record], fields: Mapping[str, Field], above: str, way: str
) -> Iterator[Problem]:
    for raw in rules:
        first, *rest = split(str(raw["target"]))
        field = fields.get(first)
        items = {one.name: one for one in field.items} if field else {}
        if not above and raw["target"] == EACH:
            continue  # it makes the records that the others fill
        if field is None or (rest and (len(rest) > 1 or rest[0] not in items)):
            text = f"There is no field '{way}{raw['target']}'."
            yield Problem("target", text, f"{above}{raw['id']}", str(raw["target"]))
        elif "for_each" in raw:
            yield from _unknown_targets(
                rules_of(raw), items, f"{above}{raw['id']}/", f"{way}{first}."
            )


def _lookup_problems(holder: Record, above: str = "") -> list[Problem]:
    found = []
    for raw in rules_of(holder):
        lookup = raw.get("lookup")
        kind = lookup.get("reference") if isinstance(lookup, Mapping) else None
        if kind is not None and kind not in SCHEMAS:
            text = f"There is no kind of record {str(kind)!r} to refer to."
            found.append(Problem("lookup", text, f"{above}{raw['id']}", str(raw["target"])))
        found += _lookup_problems(raw, f"{above}{raw['id']}/")
    return found


def _source_problems(
    rules: list[Rule], source_type: str, custom: CustomFields, each: Record | None
) -> list[Problem]:
    """Return the rules that read what the canonical object does not have.

    `each`: the rule whose list is taken apart; its members are read beside the object.
    """
    if not source_type:
        return []
    fields = _fields(source_type, custom)
    besides = _BESIDES | BESIDES if each else _BESIDES
    found = [
        rule.problem("source", f"{SCHEMAS[source_type].label} has no field {path!r}")
        for rule in rules
        for path in rule.paths
        if split(path)[0] not in besides and not _reads(fields, split(path))
    ]
    members = _members_of(each, fields) if each else None
    if members is None:
        return found
    return found + [
        rule.problem("source", f"A member of the list has no field {path!r}")
        for rule in rules
        for path in rule.paths
        if (inner := read_of_each(split(path))) and not _reads(members, inner)
    ]


def _members_of(each: Record, fields: Mapping[str, Field]) -> dict[str, Field] | None:
    """Return the fields that the members of a list have, None where steps may change them."""
    steps = {str(one.get("do")) for one in objects_in(each.get("steps"))}
    if "for_each" in each or "source" not in each or steps - {"filter", "explode"}:
        return None
    field = _field_at(fields, split(str(each["source"])))
    return {one.name: one for one in field.items} if field and field.items else None


def _reads(fields: Mapping[str, Field], parts: tuple[str, ...]) -> bool:
    """Say whether a path leads to a field, or into a list or object."""
    field = fields.get(parts[0])
    if field is None:
        return False
    items = {one.name: one for one in field.items}
    rest = parts[2:] if len(parts) > 1 and parts[1].isdecimal() else parts[1:]
    return not rest or (bool(items) and _reads(items, rest))
