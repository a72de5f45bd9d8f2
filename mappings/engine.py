"""Compiles a mapping's document once and runs it on many records. Pure.

Nothing is silent: what is missing, null, of the wrong kind or not found goes by the rule's
policy, and every problem names rule, target, source path, the value's type and what to do.
The engine has no clock, no randomness and no network; `Inputs` is all that it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mappings.canonical.registry import UnknownObject, fields_of
from mappings.canonical.validation import faults
from mappings.documents import MappingError, Problem, rules_of, structure_problems
from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.numbers import as_text
from mappings.paths import MISSING, BadPath, put
from mappings.rules import Inputs, Record, Rule, StepTrace, Stop
from mappings.transforms import TransformError

__all__ = ["CompiledMapping", "Inputs", "Mapped", "RuleTrace", "compile_mapping"]


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
            except Stop as stop:
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
                value = rule.stepped(rule.read(record, Inputs()), None)
            except (Stop, ExpressionError):
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
        except Stop as stop:
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
