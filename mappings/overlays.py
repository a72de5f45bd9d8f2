"""What a client changes of its partner's mapping, and only where the mapping is open. Pure.

An overlay is a list of changes, one for each rule, in no order:

    [{"do": "replace", "id": "terms", "rule": {"id": "terms", "target": "terms", …}},
     {"do": "disable", "id": "phone"},
     {"do": "add", "id": "centre", "rule": {"id": "centre", "target": "custom_centre", …}}]

A rule of the partner's may be replaced or disabled where its `extension` says so, with the same
target and as required as before; one may be added for a target in `open_targets`. Checks are
the partner's.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mappings.diff import is_same
from mappings.documents import MappingError, Problem, checks_of, objects_in, open_targets, rules_of
from tenants.nouns import in_words

Record = Mapping[str, object]
WAYS: Final = ("replace", "disable", "add")


def overlay_between(template: Record, document: Record) -> list[dict[str, object]]:
    """Return what a document changes of its template. Raises MappingError naming every rule
    that is not open, and for checks that differ."""
    theirs, ours = _by_id(template), _by_id(document)
    found: list[dict[str, object]] = []
    for ident, rule in theirs.items():
        if ident not in ours:
            found.append({"do": "disable", "id": ident})
        elif not is_same(_own(rule), _own(ours[ident])):
            found.append({"do": "replace", "id": ident, "rule": _own(ours[ident])})
    new = [ident for ident in ours if ident not in theirs]
    found += [{"do": "add", "id": ident, "rule": _own(ours[ident])} for ident in new]
    problems = list(_problems(template, found))
    before = {str(one.get("id")): one for one in checks_of(template)}
    after = {str(one.get("id")): one for one in checks_of(document)}
    problems += [
        Problem("overlay", "Checks are the partner's alone.", ident)
        for ident in sorted({*before, *after})
        if not is_same(before.get(ident), after.get(ident))
    ]
    if problems:
        raise MappingError(problems)
    return sorted(found, key=lambda one: str(one["id"]))


def laid_over(template: Record, changes: Sequence[Record]) -> dict[str, object]:
    """Return the document that a template and a client's changes make together.

    The order of the changes doesn't matter. Raises MappingError with every change that the
    template is not open to.
    """
    problems = list(_problems(template, changes))
    if problems:
        raise MappingError(problems)
    by_id = {str(one["id"]): one for one in changes}
    rules: list[dict[str, object]] = []
    for rule in rules_of(template):
        change = by_id.get(str(rule.get("id")))
        if change is None:
            rules.append(dict(rule))
        elif change["do"] == "replace":
            rules.append({**_rule(change), "extension": rule["extension"]})
    added = [one for one in changes if one["do"] == "add"]
    rules += [_rule(one) for one in sorted(added, key=lambda one: str(one["id"]))]
    return {**template, "rules": rules}


def own_rules(overlay: object) -> dict[str, str]:
    """Return what a client changes, in a word, by the rule's id."""
    words = {"replace": "replaced", "disable": "left out", "add": "added"}
    return {str(one.get("id")): words.get(str(one.get("do")), "") for one in objects_in(overlay)}


def _by_id(document: Record) -> dict[str, Record]:
    return {str(rule.get("id")): rule for rule in rules_of(document)}


def _own(rule: Record) -> dict[str, object]:
    """Return a rule without what only the template says of it."""
    return {name: value for name, value in rule.items() if name != "extension"}


def _rule(change: Record) -> dict[str, object]:
    rule = change.get("rule")
    return _own(rule) if isinstance(rule, Mapping) else {}


def _problems(template: Record, changes: Sequence[Record]) -> Iterator[Problem]:
    theirs, opened, seen = _by_id(template), open_targets(template), set[str]()
    for change in changes:
        ident, way, rule = str(change.get("id")), change.get("do"), _rule(change)
        target = str(rule.get("target") or theirs.get(ident, {}).get("target") or "")
        fault = ""
        if ident in seen:
            fault = "The rule is changed twice."
        elif way not in WAYS:
            fault = f"A change is one of {', '.join(WAYS)}."
        elif way != "disable" and rule.get("id") != ident:
            fault = "The change and its rule have different ids."
        elif way == "add":
            fault = _fault_of_added(ident in theirs, target, opened)
        elif ident not in theirs:
            fault = "The partner's mapping has no such rule any more."
        else:
            fault = _fault_of_changed(theirs[ident], rule, disables=way == "disable")
        seen.add(ident)
        if fault:
            yield Problem("overlay", fault, ident, target)


def _fault_of_added(is_theirs: bool, target: str, opened: list[str]) -> str:
    if is_theirs:
        return "The partner's mapping has a rule with this id."
    if target not in opened:
        return in_words("The partner's mapping does not let clients add a rule for this field.")
    return ""


def _fault_of_changed(theirs: Record, ours: Record, *, disables: bool) -> str:
    extension = theirs.get("extension")
    if extension is None:
        return in_words("The partner keeps this rule the same for all clients.")
    if disables:
        return "" if extension == "any" else "This rule may be replaced, but not left out."
    if ours.get("target") != theirs.get("target"):
        return f"The rule must go on filling {theirs.get('target')}."
    if theirs.get("required") is True and ours.get("required") is not True:
        return "The rule must stay required."
    return ""
