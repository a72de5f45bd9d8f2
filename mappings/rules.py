"""One rule of a mapping, compiled: from a record to one target value. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from mappings.canonical.fields import Field
from mappings.documents import Problem, objects_in
from mappings.inputs import SKIPPED, Inputs, Record, StepTrace, Stop
from mappings.language.budget import MAX_RECORD_STEPS, Budget, ExpressionError
from mappings.language.evaluate import Expression
from mappings.paths import MISSING, put, split, walked
from mappings.transforms import AnyStep, Reading, TransformError, build_steps, told_of_step
from mappings.values import CASTS, BadValue, kind_of, word_of

MAX_MEMBERS: Final = 10_000
# What the engine calls the types of canonical fields.
TYPE_OF: Final[Mapping[str, str]] = {
    "text": "text", "reference": "text", "enum": "text", "decimal": "decimal", "money": "decimal",
    "integer": "integer", "date": "date", "datetime": "datetime", "boolean": "boolean",
    "list": "list", "object": "object",
}  # fmt: skip
_LOOK_UP: Final = "look up"
_NAMED: Final = 5
# No entry in a value map: the record is refused, or waits until there is one.
VALUE_MISSING: Final = "value_missing"
VALUE_HELD: Final = "value_held"
_NONE: Final[Mapping[str, object]] = MappingProxyType({})


def _own(value: object) -> object:
    """Return a value of the document as the record's own: whoever changes the record changes no
    rule, which other records, and other partners with the same mapping, run as well."""
    return deepcopy(value) if isinstance(value, list | dict) else value


class Rule:
    """One compiled rule. `field`: the canonical field that it fills, if it fills one.

    paths: what it reads. size: how many parts it has.
    is_shared: whether another rule has the same target. combines: whether a step reads other
    fields; fills: whether one takes an empty value, too.

    Raises ExpressionError, TransformError or BadPath for a rule that can't be compiled; the
    document's structure has been checked before.
    """

    __slots__ = (
        "_as_type",
        "_default",
        "_on_missing",
        "_on_null",
        "combines",
        "constant",
        "expression",
        "fills",
        "id",
        "is_shared",
        "lookup",
        "members",
        "parts",
        "paths",
        "required",
        "size",
        "source",
        "source_parts",
        "steps",
        "target",
        "type",
        "when",
    )  # fmt: skip

    def __init__(self, raw: Record, field: Field | None = None) -> None:
        self.id = str(raw["id"])
        self.target = str(raw["target"])
        self.parts = split(self.target)
        self.source = str(raw.get("source") or raw.get("for_each") or "")
        self.type = str(raw.get("type") or (TYPE_OF[field.type] if field else "any"))
        self.required = raw.get("required") is True
        self.is_shared = False
        self.when = Expression(str(raw["when"])) if raw.get("when") else None
        self.steps = build_steps(objects_in(raw.get("steps")))
        self.combines = any(isinstance(step, Reading) for _, step in self.steps)
        self.fills = any(_takes_nothing(step) for _, step in self.steps)
        lookup = raw.get("lookup")
        self.lookup: Mapping[str, object] = lookup if isinstance(lookup, Mapping) else _NONE
        self._set_origin(raw)
        self._set_members(raw, field)
        self._as_type = CASTS[self.type]
        self._set_policies(raw)
        self._set_size()

    def _set_origin(self, raw: Record) -> None:
        self.expression = Expression(str(raw["expr"])) if "expr" in raw else None
        self.constant: object = raw.get("constant", MISSING)
        self.source_parts = split(self.source) if self.source else ()
        self.paths = [self.source] if self.source else []
        for expression in (self.expression, self.when):
            self.paths += expression.paths if expression else []
        for _, step in self.steps:
            self.paths += step.paths if isinstance(step, Reading) else ()

    def _set_members(self, raw: Record, field: Field | None) -> None:
        fields = {one.name: one for one in field.items} if field else {}
        members = [
            Rule(one, fields.get(str(one.get("target")))) for one in objects_in(raw.get("rules"))
        ]
        mark_shared(members)
        self.members: Sequence[Rule] | None = members if "for_each" in raw else None

    def _set_policies(self, raw: Record) -> None:
        self._default = raw.get("default")
        if self._default is not None:
            self._default = self.cast(self._default, "The default")
        fallback = "default" if "default" in raw else "fail" if self.required else "null"
        self._on_null = str(raw.get("on_null") or fallback)
        self._on_missing = str(raw.get("on_missing") or fallback)
        if self.constant is not MISSING and self.constant is not None and not self.steps:
            self.cast(self.constant, "The constant")

    def _set_size(self) -> None:
        parts = [one.size for one in (self.expression, self.when) if one]
        below: list[int] = [one.size for one in self.members or ()]
        self.size: int = 1 + len(self.steps) + sum(parts) + sum(below)

    def taken(self, record: Record, inputs: Inputs, spent: Budget) -> object:
        """Return what the rule starts from, MISSING when there is none. Raises ExpressionError."""
        if self.source_parts:
            parts = self.source_parts
            return record.get(parts[0], MISSING) if len(parts) == 1 else walked(record, parts)
        if self.expression is not None:
            return self.expression(record, inputs.variables, spent)
        return _own(self.constant)

    def cast(self, value: object, what: str) -> object:
        """Return a value of the document in the rule's type. Raises TransformError."""
        try:
            return self._as_type(value)
        except BadValue as error:
            raise TransformError(f"{what} {error}.") from error

    def problem(
        self, code: str, text: str, value: object = MISSING, detail: Record | None = None
    ) -> Problem:
        """Return a problem of this rule; the value's type is named, never the value."""
        kind = f", {kind_of(value)}" if value is not MISSING else ""
        origin = f" (from {self.source}{kind})" if self.source else ""
        return Problem(code, f"{text}{origin}.", self.id, self.target, self.source, detail)

    def value(
        self,
        record: Record,
        inputs: Inputs,
        spent: Budget,
        trace: list[StepTrace] | None = None,
    ) -> object:
        """Return the target value for one record, SKIPPED when it stays out. Raises Stop.

        `spent`: what all rules on this record may cost together.
        """
        try:
            if self.when is not None and self._is_off(record, inputs, spent):
                return SKIPPED
            found = self.taken(record, inputs, spent)
        except ExpressionError as error:
            raise Stop(self.problem("expression", str(error).rstrip("."))) from error
        if found is MISSING and not self.fills:
            return self._without(self._on_missing, "missing", "The record has no such field")
        if (found is None or found == "") and not self.fills:
            return self._without(self._on_null, "null", "The field is empty")
        if self.members is not None:
            return self._each(found, inputs, spent)
        if self.steps:
            found = self.stepped(None if found is MISSING else found, record, trace)
        return self._finished(found, inputs, trace)

    def _is_off(self, record: Record, inputs: Inputs, spent: Budget) -> bool:
        assert self.when is not None
        met = self.when(record, inputs.variables, spent)
        if met is None or isinstance(met, bool):
            return met is not True
        raise ExpressionError("The condition is neither true nor false")

    def _without(self, policy: str, code: str, text: str) -> object:
        if policy == "default":
            return _own(self._default)
        if policy == "null":
            return None
        if policy == "skip":
            return SKIPPED
        raise Stop(self.problem(code, text))

    def stepped(
        self, value: object, record: Record, trace: list[StepTrace] | None = None
    ) -> object:
        """Return a value after the rule's steps. Raises Stop."""
        name = ""
        try:
            for name, step in self.steps:
                if value is None and not _takes_nothing(step):
                    continue
                value = step.run(value, record) if isinstance(step, Reading) else step(value)
                if trace is not None:
                    trace.append(StepTrace(name, value))
        except TransformError as error:
            text = told_of_step(name, str(error))
            raise Stop(self.problem("step", text, value)) from error
        except ArithmeticError as error:
            text = told_of_step(name, "the result is out of range")
            raise Stop(self.problem("step", text, value)) from error
        return value

    def _finished(self, value: object, inputs: Inputs, trace: list[StepTrace] | None) -> object:
        if value is None or value == "":
            return self._without(self._on_null, "null", "Nothing is left after the steps")
        try:
            if self.lookup:
                value = self._looked_up(value, inputs)
                if trace is not None:
                    trace.append(StepTrace(_LOOK_UP, value))
                if value is None or value == "":
                    return self._without(self._on_null, "null", "The look-up gives nothing")
            return self._as_type(value)
        except BadValue as error:
            raise Stop(self.problem("type", f"The value {error}", value)) from error

    def _looked_up(self, value: object, inputs: Inputs) -> object:
        if "reference" in self.lookup:
            return self._referenced(str(self.lookup["reference"]), word_of(value), inputs)
        return self._mapped(str(self.lookup["value_map"]), value, inputs)

    def _referenced(self, kind: str, key: str, inputs: Inputs) -> object:
        found = inputs.references.get((kind, key))
        if found is None and (kind, key) in inputs.unclear:
            raise Stop(self._unclear(kind, key, inputs.unclear[kind, key]))
        if found is None:
            text = f"The {kind.replace('_', ' ')} {key[:60]} is not known there yet"
            detail = {"object_type": kind, "key": key}
            raise Stop(self.problem("reference_missing", text, key, detail))
        return found

    def _unclear(self, kind: str, key: str, possible: Sequence[str]) -> Problem:
        named = ", ".join(possible[:_NAMED])
        more = f" and {len(possible) - _NAMED} more" if len(possible) > _NAMED else ""
        text = (
            f"The {kind.replace('_', ' ')} {key[:60]} became {len(possible)} records, and nothing "
            f"says which is meant: {named}{more}. Let the rule give the number of one of them"
        )
        detail = {"object_type": kind, "key": key, "possible": list(possible)}
        return self.problem("reference_unclear", text, key, detail)

    def _mapped(self, name: str, value: object, inputs: Inputs) -> object:
        table, word = inputs.values.get(name), word_of(value)
        if table is not None and word in table:
            return table[word]
        policy = self.lookup.get("on_miss", "fail")
        if policy == "pass":
            return value
        if policy == "default":
            return _own(self._default)
        detail = {"value_map": name, "value": word[:200]}
        if table is None:
            text = f"There is no value map '{name}' yet"
        else:
            text = f"The value map '{name}' has no entry for {word[:60]!r}; add one"
        code = VALUE_HELD if policy == "hold" else VALUE_MISSING
        raise Stop(self.problem(code, text, value, detail))

    def _each(self, value: object, inputs: Inputs, spent: Budget) -> object:
        assert self.members is not None
        if not isinstance(value, list) or len(value) > MAX_MEMBERS:
            text = f"A list of at most {MAX_MEMBERS:,} members is needed"
            raise Stop(self.problem("list", text, value))
        try:
            spent.spend(len(value) * len(self.members))
        except ExpressionError as error:
            raise Stop(self.problem("list", str(error).rstrip("."), value)) from error
        made = []
        for place, member in enumerate(value):
            if type(member) is not dict and not isinstance(member, Mapping):
                raise Stop(self.problem("list", f"Member {place + 1} is not an object", member))
            try:
                made.append(fill(self.members, member, inputs, spent))
            except Stop as stop:
                inner = stop.problem
                raise Stop(
                    replace(
                        inner,
                        rule=f"{self.id}/{inner.rule}",
                        target=f"{self.target}[{place + 1}].{inner.target}",
                    )
                ) from stop
        return made

    @property
    def may_refer(self) -> bool:
        """Say whether this rule, or one for its members, can look up a reference at all."""
        return "reference" in self.lookup or self.members is not None

    def references(
        self, record: Record, inputs: Inputs, spent: Budget
    ) -> Iterator[tuple[str, str]]:
        """Give (object type, key) of each reference that `value` will look up."""
        if not self.may_refer:
            return
        try:
            found = self._taken_in(record, inputs, spent)
            if found is SKIPPED:
                return
            if self.members is not None:
                yield from self._references_in(found, inputs, spent)
                return
            key = self.stepped(found, record)
            if key is not None and key != "":
                yield str(self.lookup["reference"]), word_of(key)
        except (Stop, ExpressionError, BadValue):
            return  # `value` meets the same problem and says it

    def words(self, record: Record, value_map: str, inputs: Inputs, spent: Budget) -> Iterator[str]:
        """Give each word that `value` will look up in a value map."""
        if self.lookup.get("value_map") != value_map and self.members is None:
            return
        try:
            found = self._taken_in(record, inputs, spent)
            if found is SKIPPED:
                return
            if self.members is not None:
                for member in objects_in(found)[:MAX_MEMBERS]:
                    for rule in self.members:
                        yield from rule.words(member, value_map, inputs, spent)
                return
            key = self.stepped(found, record)
            if key is not None and key != "":
                yield word_of(key)
        except (Stop, ExpressionError, BadValue):
            return  # `value` meets the same problem and says it

    def _taken_in(self, record: Record, inputs: Inputs, spent: Budget) -> object:
        """Return what the rule starts from, SKIPPED when it stays out or there is nothing."""
        if self.when is not None and self._is_off(record, inputs, spent):
            return SKIPPED
        found = self.taken(record, inputs, spent)
        if found is MISSING or found is None or found == "":
            return None if self.fills else SKIPPED
        return found

    def _references_in(
        self, found: object, inputs: Inputs, spent: Budget
    ) -> Iterator[tuple[str, str]]:
        for member in objects_in(found)[:MAX_MEMBERS]:
            for rule in self.members or ():
                yield from rule.references(member, inputs, spent)


def fill(rules: Sequence[Rule], record: Record, inputs: Inputs, spent: Budget) -> dict[str, object]:
    """Return what rules make of one record. Raises Stop at the first problem."""
    target: dict[str, object] = {}
    for rule in rules:
        value = rule.value(record, inputs, spent)
        if value is not SKIPPED:
            put_once(target, rule, value)
    return target


def put_once(target: dict[str, object], rule: Rule, value: object) -> None:
    """Set a rule's value. Raises Stop when another rule with this target has set it before."""
    if not rule.is_shared and len(rule.parts) == 1:
        target[rule.parts[0]] = value
        return
    if rule.is_shared and walked(target, rule.parts) is not MISSING:
        text = "Two rules give this value; make their conditions exclude each other"
        raise Stop(rule.problem("twice", text))
    put(target, rule.parts, value)


def mark_shared(rules: Sequence[Rule]) -> None:
    """Note which rules have a target in common, so that both can't set it unseen."""
    first: dict[tuple[str, ...], Rule] = {}
    for rule in rules:
        other = first.setdefault(rule.parts, rule)
        if other is not rule:
            rule.is_shared = other.is_shared = True


def new_budget() -> Budget:
    """Return what all rules together may spend on one record."""
    return Budget(MAX_RECORD_STEPS)


def _takes_nothing(step: AnyStep) -> bool:
    return isinstance(step, Reading) and step.fills
