"""One rule of a mapping, compiled: from a record to one target value. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from mappings.documents import Problem, rules_of
from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.numbers import NotANumber, as_decimal, as_text
from mappings.paths import MISSING, Reader, put, reader, split
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
class StepTrace:
    """One step of a rule, for the preview."""

    name: str
    value: object


class Stop(Exception):
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
        raise Stop(None if policy == "skip" else self.problem(code, text, value))

    def value(self, record: Record, inputs: Inputs, trace: list[StepTrace] | None = None) -> object:
        """Return the target value for one record. Raises Stop."""
        try:
            if self.when is not None and self.when(record, inputs.variables) is not True:
                raise Stop(None)
            value = self.read(record, inputs)
        except ExpressionError as error:
            raise Stop(self.problem("expression", str(error).rstrip("."))) from error
        if value is MISSING:
            value = self._without(self.on_missing, "missing", "The record has no such field", value)
        elif value is None or value == "":
            value = self._without(self.on_null, "null", "The field is empty", value)
        if value is None:
            return None
        if self.members:
            return self._each(value, inputs)
        return self._finished(self.stepped(value, trace), inputs)

    def stepped(self, value: object, trace: list[StepTrace] | None) -> object:
        for name, step in self.steps:
            try:
                value = step(value)
            except TransformError as error:
                text = f"Step '{name}': {error}"
                raise Stop(self.problem("step", text, value)) from error
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
            raise Stop(self.problem("type", f"The value {error}", value)) from error

    def _referenced(self, kind: str, value: object, inputs: Inputs) -> object:
        found = inputs.references.get((kind, str(value)))
        if found is None:
            text = f"The {kind.replace('_', ' ')} {value} is not known there yet"
            raise Stop(
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
        raise Stop(
            self.problem("value_missing", text, value, {"value_map": name, "value": str(value)})
        )

    def _each(self, value: object, inputs: Inputs) -> object:
        if not isinstance(value, list) or len(value) > 10_000:
            raise Stop(self.problem("list", "A list of at most 10,000 members is needed", value))
        made = []
        for member in value:
            if not isinstance(member, Mapping):
                raise Stop(self.problem("list", "The list holds something that is no object"))
            target: dict[str, object] = {}
            for rule in self.members:
                try:
                    put(target, rule.parts, rule.value(member, inputs))
                except Stop as stop:
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
