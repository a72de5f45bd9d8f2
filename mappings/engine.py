"""Compiles a mapping's document once and runs it on many records. Pure.

Nothing is silent: what is missing, null, of the wrong kind or not found goes by the rule's
policy, and every problem names rule, target, source path, the value's type and what to do.
The engine has no clock, no randomness and no network; `Inputs` is all that it is given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from mappings.canonical.registry import UnknownObject, fields_of
from mappings.canonical.validation import faults
from mappings.documents import MappingError, Problem, rules_of, structure_problems
from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.numbers import NotANumber, as_decimal, as_text
from mappings.paths import MISSING, BadPath, Reader, put, reader, split
from mappings.transforms import Step, TransformError, build_step

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a run may know besides the record.

    references: (object type, value) → what stands for it on the other side: the target
    system's id on the way out, the canonical key on the way in.
    values: value map → its table. variables: names that `var()` reads, such as the period.
    """

    references: Mapping[tuple[str, str], str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapped:
    """The result for one record: its data, or None and the problems that stopped it.

    `warnings`: failed checks that stop nothing. `holds`: failed checks that ask to wait.
    """

    data: dict[str, object] | None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    holds: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step of a rule, for the preview."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """What one rule did with a record, for the preview."""

    rule: str
    target: str
    source: str
    taken: object
    steps: tuple[StepTrace, ...]
    value: object
    problem: Problem | None
    skipped: bool = False


class _Stop(Exception):
    """A rule ends: with a problem, or without a value (`problem` None: skipped)."""

    def __init__(self, problem: Problem | None) -> None:
        self.problem = problem
        super().__init__()


def _kind(value: object) -> str:
    names = {
        str: "text", bool: "true/false", int: "number", Decimal: "number", list: "list",
        dict: "object", type(None): "nothing",
    }  # fmt: skip
    return names.get(type(value), type(value).__name__)


def _typed(value: object, wanted: str) -> object:
    """Return the value in the wanted type. Raises ValueError in words."""
    if wanted == "decimal":
        return as_decimal(value)
    if wanted == "integer":
        whole = as_decimal(value)
        if whole != whole.to_integral_value():
            raise ValueError("is not a whole number")
        return int(whole)
    if wanted == "boolean" and not isinstance(value, bool):
        raise ValueError("is neither true nor false; add the step 'Yes or no'")
    if wanted == "text":
        return as_text(value) if isinstance(value, Decimal) else str(value)
    if wanted == "date":
        return date.fromisoformat(str(value)).isoformat()
    if wanted == "datetime":
        return datetime.fromisoformat(str(value)).isoformat()
    return value


class Rule:
    """One compiled rule."""

    def __init__(self, raw: Record, canonical_type: str = "") -> None:
        self.id = str(raw["id"])
        self.target = str(raw["target"])
        self.parts = split(self.target)
        self.source = str(raw.get("source") or raw.get("for_each") or "")
        self.type = str(raw.get("type") or canonical_type or "any")
        self.required = bool(raw.get("required"))
        self.default = raw.get("default")
        fallback = "default" if "default" in raw else "fail" if self.required else "null"
        self.on_null = str(raw.get("on_null") or fallback)
        self.on_missing = str(raw.get("on_missing") or fallback)
        self.when = Expression(str(raw["when"])) if raw.get("when") else None
        self.steps = _steps(raw)
        self.lookup: Mapping[str, object] = raw.get("lookup") or {}  # type: ignore[assignment]  # structure_problems has checked it
        self.members = [Rule(one) for one in rules_of(raw)] if "for_each" in raw else []
        self.read = self._reader(raw)

    def _reader(self, raw: Record) -> Callable[[Record, Inputs], object]:
        if "constant" in raw:
            constant = raw["constant"]
            return lambda record, inputs: constant
        if "expr" in raw:
            expression = Expression(str(raw["expr"]))
            return lambda record, inputs: expression(record, inputs.variables)
        at: Reader = reader(self.source)
        return lambda record, inputs: at(record)

    def problem(
        self, code: str, text: str, value: object = None, detail: Record | None = None
    ) -> Problem:
        """Return a problem of this rule; the value's type is named, never the value."""
        source = f" (from {self.source}, {_kind(value)})" if self.source else ""
        return Problem(code, f"{text}{source}.", self.id, self.target, self.source, detail)

    def _without(self, policy: str, code: str, text: str, value: object) -> object:
        if policy == "default":
            return self.default
        if policy == "null":
            return None
        raise _Stop(None if policy == "skip" else self.problem(code, text, value))

    def value(self, record: Record, inputs: Inputs, trace: list[StepTrace] | None = None) -> object:
        """Return the target value for one record. Raises _Stop."""
        try:
            if self.when is not None and self.when(record, inputs.variables) is not True:
                raise _Stop(None)
            value = self.read(record, inputs)
        except ExpressionError as error:
            raise _Stop(self.problem("expression", str(error).rstrip("."))) from error
        if value is MISSING:
            value = self._without(self.on_missing, "missing", "The record has no such field", value)
        elif value is None or value == "":
            value = self._without(self.on_null, "null", "The field is empty", value)
        if value is None:
            return None
        if self.members:
            return self._each(value, inputs)
        return self._finished(self._stepped(value, trace), inputs)

    def _stepped(self, value: object, trace: list[StepTrace] | None) -> object:
        for name, step in self.steps:
            try:
                value = step(value)
            except TransformError as error:
                text = f"Step '{name}': {error}"
                raise _Stop(self.problem("step", text, value)) from error
            if trace is not None:
                trace.append(StepTrace(name, value))
        return value

    def _finished(self, value: object, inputs: Inputs) -> object:
        if "reference" in self.lookup:
            value = self._referenced(str(self.lookup["reference"]), value, inputs)
        elif "value_map" in self.lookup:
            value = self._mapped(str(self.lookup["value_map"]), value, inputs)
        if value is None:
            return None
        try:
            return _typed(value, self.type)
        except (NotANumber, ValueError) as error:
            raise _Stop(self.problem("type", f"The value {error}", value)) from error

    def _referenced(self, kind: str, value: object, inputs: Inputs) -> object:
        found = inputs.references.get((kind, str(value)))
        if found is None:
            text = f"The {kind.replace('_', ' ')} {value} is not known there yet"
            raise _Stop(
                self.problem(
                    "reference_missing", text, value, {"object_type": kind, "key": str(value)}
                )
            )
        return found

    def _mapped(self, name: str, value: object, inputs: Inputs) -> object:
        table = inputs.values.get(name, {})
        if str(value) in table:
            return table[str(value)]
        policy = self.lookup.get("on_miss", "fail")
        if policy == "pass":
            return value
        if policy == "default":
            return self.default
        text = f"The value map '{name}' has no entry for {str(value)[:60]!r}; add one"
        raise _Stop(
            self.problem("value_missing", text, value, {"value_map": name, "value": str(value)})
        )

    def _each(self, value: object, inputs: Inputs) -> object:
        if not isinstance(value, list) or len(value) > 10_000:
            raise _Stop(self.problem("list", "A list of at most 10,000 members is needed", value))
        made = []
        for member in value:
            if not isinstance(member, Mapping):
                raise _Stop(self.problem("list", "The list holds something that is no object"))
            target: dict[str, object] = {}
            for rule in self.members:
                try:
                    put(target, rule.parts, rule.value(member, inputs))
                except _Stop as stop:
                    if stop.problem is not None:
                        raise
            made.append(target)
        return made


def _steps(raw: Record) -> list[tuple[str, Step]]:
    steps: list[tuple[str, Step]] = []
    for one in raw.get("steps") or []:  # type: ignore[attr-defined]  # structure_problems has checked it
        settings = {name: value for name, value in one.items() if name != "do"}
        steps.append((str(one["do"]), build_step(str(one["do"]), settings)))
    return steps


@dataclass(frozen=True, slots=True)
class Check:
    """A condition over the result: what to say and how bad it is when it is false."""

    id: str
    condition: Expression
    message: str
    severity: str


class CompiledMapping:
    """A document, ready to run. `object_type`: the canonical object it makes, if it does."""

    def __init__(self, rules: list[Rule], checks: list[Check], object_type: str) -> None:
        self.rules = rules
        self.checks = checks
        self.object_type = object_type

    def run(self, record: Record, *, inputs: Inputs) -> Mapped:
        """Map one record."""
        data: dict[str, object] = {}
        problems: list[Problem] = []
        for rule in self.rules:
            try:
                put(data, rule.parts, rule.value(record, inputs))
            except _Stop as stop:
                if stop.problem is not None:
                    problems.append(stop.problem)
        if problems:
            return Mapped(None, problems)
        return self._checked(data, inputs)

    def _checked(self, data: dict[str, object], inputs: Inputs) -> Mapped:
        if self.object_type:
            data = {name: _stored(value) for name, value in data.items()}
            wrong = [
                Problem("invalid", fault.message, target=fault.path)
                for fault in faults(self.object_type, data)
            ]
            if wrong:
                return Mapped(None, wrong)
        failed: dict[str, list[Problem]] = {"reject": [], "hold": [], "warn": []}
        for check in self.checks:
            try:
                good = check.condition(data, inputs.variables) is True
                text = check.message
            except ExpressionError as error:
                good, text = False, str(error)
            if not good:
                failed[check.severity].append(Problem("check", text, check.id))
        if failed["reject"]:
            return Mapped(None, failed["reject"])
        return Mapped(data, (), failed["warn"], failed["hold"])

    def reference_lookups(self, record: Record) -> list[tuple[str, str]]:
        """Return (object type, value) of each reference that `run` will look up."""
        found = []
        for rule in self.rules:
            if "reference" not in rule.lookup:
                continue
            try:
                if rule.when is not None and rule.when(record, {}) is not True:
                    continue
                value = rule._stepped(rule.read(record, Inputs()), None)
            except (_Stop, ExpressionError):
                continue
            if value not in (None, "", MISSING):
                found.append((str(rule.lookup["reference"]), str(value)))
        return found

    def explain(self, record: Record, *, inputs: Inputs) -> list[RuleTrace]:
        """Return what each rule takes, does and gives: the same code, watched."""
        return [self._explained(rule, record, inputs) for rule in self.rules]

    def _explained(self, rule: Rule, record: Record, inputs: Inputs) -> RuleTrace:
        steps: list[StepTrace] = []
        try:
            taken = rule.read(record, inputs)
        except ExpressionError:
            taken = None
        taken = None if taken is MISSING else taken
        try:
            value = rule.value(record, inputs, steps)
        except _Stop as stop:
            return RuleTrace(
                rule.id, rule.target, rule.source, taken, tuple(steps), None, stop.problem,
                skipped=stop.problem is None,
            )  # fmt: skip
        return RuleTrace(rule.id, rule.target, rule.source, taken, tuple(steps), value, None)


def _stored(value: object) -> object:
    """Return a value as canonical records keep it: decimals as text."""
    if isinstance(value, Decimal):
        return as_text(value)
    if isinstance(value, dict):
        return {name: _stored(one) for name, one in value.items()}
    return [_stored(one) for one in value] if isinstance(value, list) else value


_CANONICAL_TYPES = {
    "text": "text", "reference": "text", "enum": "text", "decimal": "decimal", "money": "decimal",
    "integer": "integer", "date": "date", "datetime": "datetime", "boolean": "boolean",
}  # fmt: skip


def _rule(raw: Record, types: Mapping[str, str]) -> Rule | Problem:
    try:
        return Rule(raw, types.get(str(raw.get("target")), ""))
    except (ExpressionError, TransformError, BadPath) as error:
        return Problem("rule", str(error), str(raw.get("id")), str(raw.get("target")))


def _check(raw: Record) -> Check | Problem:
    ident = str(raw.get("id") or "check")
    severity = str(raw.get("severity") or "reject")
    if severity not in ("reject", "hold", "warn"):
        return Problem("check", "The severity is reject, hold or warn.", ident)
    try:
        condition = Expression(str(raw.get("assert") or ""))
    except ExpressionError as error:
        return Problem("check", str(error), ident)
    return Check(ident, condition, str(raw.get("message") or "A check failed."), severity)


def compile_mapping(document: Record, *, object_type: str = "") -> CompiledMapping:
    """Return the mapping ready to run. Raises MappingError with everything that is wrong.

    `object_type`: the canonical object that it makes (inbound); its fields then give the
    types, an unknown target is refused, and every result is validated. Empty for outbound.
    """
    problems = structure_problems(document)
    types: dict[str, str] = {}
    if object_type:
        try:
            known = fields_of(object_type)
        except UnknownObject as error:
            raise MappingError([Problem("object", str(error))]) from error
        types = {name: _CANONICAL_TYPES.get(one.type, "") for name, one in known.items()}
        problems += _unknown_targets(document, set(known))
    if problems:
        raise MappingError(problems)
    rules = [_rule(raw, types) for raw in rules_of(document)]
    raw_checks = document.get("checks")
    checks = [_check(raw) for raw in raw_checks] if isinstance(raw_checks, list) else []
    problems = [one for one in [*rules, *checks] if isinstance(one, Problem)]
    if problems:
        raise MappingError(problems)
    return CompiledMapping(
        [one for one in rules if isinstance(one, Rule)],
        [one for one in checks if isinstance(one, Check)],
        object_type,
    )


def _unknown_targets(document: Record, known: set[str]) -> list[Problem]:
    return [
        Problem("target", f"There is no field {target!r}.", str(raw.get("id")), target)
        for raw in rules_of(document)
        if (target := str(raw.get("target") or "").split(".")[0]) and target not in known
    ]
