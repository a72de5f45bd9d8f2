"""Several records of one: a mapping that takes a list apart, and what its rules then read. Pure.

A rule with the target `each` gives the list, by `for_each` or by steps of which the last is
`explode`. The other rules run once for each member. They read it as `each.…` (a plain value as
`each`), its place in the list as `each_number` counted from 1, and the record as ever.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from mappings.documents import Problem, objects_in, rules_of
from mappings.inputs import SKIPPED, Inputs, Record, Stop
from mappings.known_paths import MAX_PATHS, paths_in
from mappings.language.budget import Budget, ExpressionError
from mappings.paths import BadPath
from mappings.rules import Rule, new_budget
from mappings.transforms import TransformError

EACH: Final = "each"
NUMBER: Final = "each_number"
EXPLODE: Final = "explode"
MAX_PARTS: Final = 1_000
# Parts × what the rules cost for one: a record stays under a second, however it is made.
_MAX_WORK: Final = 1_000_000
_LOOKED_AT: Final = 50
# What the other rules may read besides the record.
BESIDES: Final = frozenset({EACH, NUMBER})


def each_rule(document: Record) -> Record | None:
    """Return the rule that takes a list apart, None when the mapping makes one record of one."""
    return next((rule for rule in rules_of(document) if rule.get("target") == EACH), None)


def each_problems(document: Record, *, makes: str) -> Iterator[Problem]:
    """Give what is wrong with the way in which a list is taken apart. makes: which canonical
    records come out, "" for a system's object."""
    for rule in rules_of(document):
        if makes:
            yield from _rule_problems(rule, is_outer=True)
        elif EXPLODE in _steps_of(rule):
            text = (
                "A mapping to a system makes one object of a record. Take the list apart in a "
                "mapping that makes records; a workflow then writes each of them."
            )
            yield Problem("each", text, str(rule.get("id")), str(rule.get("target") or ""))
        for member in rules_of(rule):
            yield from _rule_problems(member, is_outer=False)


def _steps_of(rule: Record) -> list[str]:
    return [str(one.get("do")) for one in objects_in(rule.get("steps"))]


def read_of_each(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return what of a member a path reads, () for another path."""
    return parts[1:] if parts[0] == EACH else ()


def _rule_problems(rule: Record, *, is_outer: bool) -> Iterator[Problem]:
    ident, target = str(rule.get("id")), str(rule.get("target") or "")
    names = _steps_of(rule)
    is_each = is_outer and target == EACH
    ends = names[-1:] == [EXPLODE]
    if EXPLODE in names and not (is_each and ends and names.count(EXPLODE) == 1):
        text = (
            "Use 'Into several records' only as the last step of the rule whose target is "
            f"'{EACH}'."
        )
        yield Problem("each", text, ident, target)
    elif is_each and "for_each" not in rule and not ends:
        text = "Take a list for it, or end its steps with 'Into several records'."
        yield Problem("each", text, ident, target)
    if is_each and ({"lookup", "default"} & set(rule) or rule.get("type", "list") != "list"):
        text = "This rule only gives the list. Take away its look-up, default and type."
        yield Problem("each", text, ident, target)


class Parts:
    """How a mapping makes several records of one. cost: of the other rules, for each of them."""

    __slots__ = ("_most", "rule")

    def __init__(self, rule: Rule, cost: int) -> None:
        self.rule = rule
        self._most = max(1, min(MAX_PARTS, _MAX_WORK // max(cost, 1)))

    def of(self, record: Record, inputs: Inputs, spent: Budget) -> Sequence[dict[str, object]]:
        """Return what the rules read for each member, nothing without a list. Raises Stop."""
        members = self.rule.value(record, inputs, spent)
        if members is SKIPPED or members is None:
            return ()
        if not isinstance(members, list):
            raise Stop(self.rule.problem("each", "It gives no list to take apart", members))
        if len(members) > self._most:
            text = f"It would make {len(members):,} records; {self._most:,} are the most"
            raise Stop(self.rule.problem("each", text))
        return [
            {**record, EACH: member, NUMBER: number} for number, member in enumerate(members, 1)
        ]


def member_paths(document: Record, sample: Record) -> list[str]:
    """Return the paths under which rules read the members of a sample's list, `each` first; none
    for a mapping that takes no list apart."""
    rule = each_rule(document)
    if rule is None:
        return []
    found = [EACH, NUMBER]
    for member in objects_in(_members_in(rule, sample))[:_LOOKED_AT]:
        found += paths_in(member, f"{EACH}.")
    return list(dict.fromkeys(found))[:MAX_PATHS]


def sample_parts(document: Record, sample: Record) -> list[dict[str, object]]:
    """Return what the rules read for each member of a sample's list; the sample itself where no
    list is taken apart, or none is there."""
    rule = each_rule(document)
    members = _members_in(rule, sample) if rule is not None else None
    if not isinstance(members, list) or not members:
        return [dict(sample)]
    return [
        {**sample, EACH: one, NUMBER: number} for number, one in enumerate(members[:_LOOKED_AT], 1)
    ]


def _members_in(rule: Record, sample: Record) -> object:
    try:
        return Rule(rule).value(sample, Inputs(), new_budget())
    except (Stop, KeyError, BadPath, ExpressionError, TransformError):
        return None  # the rule itself says what is wrong with it
