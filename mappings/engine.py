"""Compiles a mapping's document once and runs it on many records. Pure.

Nothing is silent: what is missing, null, of the wrong kind or not found goes by the rule's
policy, and every problem names rule, target, source path, the value's type and what to do.
The engine has no clock, no randomness and no network; `Inputs` is all that it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from mappings.canonical.custom import NONE, CustomFields
from mappings.canonical.registry import key_of, schema
from mappings.canonical.validation import Validator
from mappings.compiling import Check, compiled_parts
from mappings.documents import Problem
from mappings.inputs import SKIPPED, Inputs, Record, StepTrace, Stop
from mappings.known_paths import read_in
from mappings.language.budget import Budget, ExpressionError
from mappings.parts import EACH, NUMBER, Parts
from mappings.paths import MISSING
from mappings.plan import Plan
from mappings.rules import Rule, new_budget
from mappings.values import BadValue, kept

__all__ = ["CompiledMapping", "Inputs", "Mapped", "RuleTrace", "StepTrace", "compile_mapping"]


# Rules of these types give what can be kept as it is; what others give is looked into.
_KEPT_AS_THEY_ARE: Final = frozenset({"text", "integer", "boolean", "date", "datetime"})


class Mapped(NamedTuple):
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


class CompiledMapping:
    """A document, ready to run. `object_type`: the canonical object it makes, if it does."""

    __slots__ = (
        "_checks",
        "_parts",
        "_plan",
        "_referring",
        "_rules",
        "_to_keep",
        "_validator",
        "object_type",
        "reads",
    )

    def __init__(
        self,
        rules: Sequence[Rule],
        checks: Sequence[Check],
        object_type: str,
        custom: CustomFields = NONE,
        reads: tuple[str, ...] = (),
    ) -> None:
        """`reads`: the paths that its rules read, for who asks for them."""
        each = next((one for one in rules if object_type and one.target == EACH), None)
        rules = [one for one in rules if one is not each]
        self._rules = rules
        self._parts = Parts(each, sum(one.size for one in rules)) if each else None
        self._plan = Plan(rules)
        self._referring = tuple(one for one in rules if one.may_refer)
        self._to_keep = tuple(
            dict.fromkeys(
                rule.parts[0]
                for rule in rules
                if len(rule.parts) > 1
                or rule.members is not None
                or rule.type not in _KEPT_AS_THEY_ARE
            )
        )
        self._checks = checks
        self._validator = Validator(object_type, custom) if object_type else None
        self.object_type, self.reads = object_type, reads

    @property
    def refers(self) -> bool:
        """Say whether any rule looks up a reference."""
        return bool(self._referring)

    @property
    def warns(self) -> bool:
        """Say whether a check of it may warn."""
        return any(check.severity == "warn" for check in self._checks)

    @property
    def size(self) -> int:
        """How many parts all rules have: what a record costs at most, without its lists."""
        return sum(rule.size for rule in self._rules)

    @property
    def makes_several(self) -> bool:
        """Say whether it makes several records of one (`run_all`)."""
        return self._parts is not None

    def run_all(self, record: Record, *, inputs: Inputs) -> Sequence[Mapped]:
        """Map a record to all that it makes: one result, or one for each member of its list.

        What stops the list itself is the only result. Never raises for what the record holds.
        """
        if self._parts is None:
            return (self.run(record, inputs=inputs),)
        spent = new_budget()
        try:
            parts = self._parts.of(record, inputs, spent)
        except Stop as stop:
            return (Mapped(None, (stop.problem,)),)
        results = [self.run(part, inputs=inputs, spent=spent) for part in parts]
        return self._told_apart(results)

    def _told_apart(self, results: list[Mapped]) -> list[Mapped]:
        """Refuse what has the number of one before it: it would overwrite that one."""
        first: dict[str, int] = {}
        for place, one in enumerate(results):
            key = key_of(self.object_type, one.data) if one.data is not None else ""
            if not key or first.setdefault(key, place) == place:
                continue
            text = (
                f"It has the number {key[:60]}, as number {first[key] + 1} of the list has. Put "
                f"something of its own into it, such as a field of {EACH} or {NUMBER}."
            )
            target = schema(self.object_type).natural_key[0]
            results[place] = Mapped(None, (Problem("key", text, target=target),))
        return results

    def run(self, record: Record, *, inputs: Inputs, spent: Budget | None = None) -> Mapped:
        """Map one record, or one member of its list. Never raises for what the record holds."""
        data: dict[str, object] = {}
        if problems := self._plan.fill(record, inputs, data, spent):
            return Mapped(None, problems)
        if self._validator is not None:
            return self._kept(data, inputs, self._validator)
        return self._checked(data, inputs)

    def _kept(self, data: dict[str, object], inputs: Inputs, validator: Validator) -> Mapped:
        """Bring the data into the form of canonical records, and validate it as one."""
        wrong: list[Problem] = []
        for name in self._to_keep:
            if name not in data:
                continue
            try:
                data[name] = kept(data[name])
            except BadValue as error:
                wrong.append(Problem("invalid", f"The value {error}.", target=name))
        if not wrong:
            wrong = [
                Problem("invalid", f"The value {fault.message}.", target=fault.path)
                for fault in validator.faults(data)
            ]
        return Mapped(None, wrong) if wrong else self._checked(data, inputs)

    def _checked(self, data: dict[str, object], inputs: Inputs) -> Mapped:
        if not self._checks:
            return Mapped(data)
        failed: dict[str, list[Problem]] = {"reject": [], "hold": [], "warn": []}
        for check in self._checks:
            text = check.failure(data, inputs.variables)
            if text:
                failed[check.severity].append(Problem("check", text, check.id))
        if failed["reject"]:
            return Mapped(None, failed["reject"])
        return Mapped(data, (), failed["warn"], failed["hold"])

    def reference_lookups(
        self, record: Record, variables: Mapping[str, object] | None = None
    ) -> list[tuple[str, str]]:
        """Return (object type, value) of each reference that `run` will look up.

        `variables`: what the run's Inputs will have, where conditions or keys read them.
        """
        if not self._referring:
            return []
        inputs, spent = Inputs(variables=variables or {}), new_budget()
        return [
            found
            for part in self._apart(record, inputs, spent)
            for rule in self._referring
            for found in rule.references(part, inputs, spent)
        ]

    def looked_up(self, record: Record, value_map: str, *, inputs: Inputs) -> list[str]:
        """Return the words that `run` looks up in a value map, found there or not."""
        spent = new_budget()
        return [
            word
            for part in self._apart(record, inputs, spent)
            for rule in self._rules
            for word in rule.words(part, value_map, inputs, spent)
        ]

    def explain(self, record: Record, *, inputs: Inputs, part: int = 1) -> list[RuleTrace]:
        """Return what each rule takes, does and gives: the same code, watched.

        `part`: which of several records is shown, counted from 1.
        """
        if self._parts is None:
            return [_explained(rule, record, inputs) for rule in self._rules]
        parts = self._apart(record, inputs, new_budget())
        first = [_explained(self._parts.rule, record, inputs)]
        if not parts:
            return first
        chosen = parts[min(max(part, 1), len(parts)) - 1]
        return first + [_explained(rule, chosen, inputs) for rule in self._rules]

    def _apart(self, record: Record, inputs: Inputs, spent: Budget) -> Sequence[Record]:
        """Return what the rules read for each record that is made; nothing when that fails, which
        `run_all` says."""
        if self._parts is None:
            return (record,)
        try:
            return self._parts.of(record, inputs, spent)
        except Stop:
            return ()


def _explained(rule: Rule, record: Record, inputs: Inputs) -> RuleTrace:
    steps: list[StepTrace] = []
    try:
        taken = rule.taken(record, inputs, new_budget())
    except ExpressionError:
        taken = None  # `value` meets the same problem and says it
    problem, value = None, None
    try:
        value = rule.value(record, inputs, new_budget(), steps)
    except Stop as stop:
        problem = stop.problem
    return RuleTrace(
        rule=rule.id,
        target=rule.target,
        source=rule.source,
        taken=None if taken is MISSING else taken,
        steps=tuple(steps),
        value=None if value is SKIPPED else value,
        problem=problem,
        skipped=value is SKIPPED,
    )


def compile_mapping(
    document: Record,
    *,
    object_type: str = "",
    source_type: str = "",
    custom: CustomFields = NONE,
) -> CompiledMapping:
    """Return the mapping ready to run. Raises MappingError with everything that is wrong.

    `object_type`: the canonical object that it makes (inbound, derived); its fields then give
    the types, an unknown target is refused, and every result is validated. `source_type`: the
    canonical object that it reads (outbound, derived); then unknown source paths are refused.
    `custom`: the fields that the partner added to either.
    """
    rules, checks = compiled_parts(document, object_type, source_type, custom)
    reads = tuple(sorted(read_in(document)))
    return CompiledMapping(rules, checks, object_type, custom, reads)
