"""The demo's last words: what moved, what is held and why, and whether the money is equal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncjobs.demo.counts import OBJECTS, Counts, ObjectCounts
from syncjobs.demo.money import Audit, Control, total
from syncjobs.demo.people import SignIn

_HEAD = (
    "Object", "Read", "Delivered", "Unchanged", "On hold", "Failed",
    "Money in", "Left out", "Money out", "Control totals",
)  # fmt: skip
_NUMBERS = range(1, 9)


@dataclass(frozen=True)
class ClientResult:
    """One client's part of the table; `open_causes` are its exceptions, in plain words."""

    partner: str
    client: str
    counts: Counts
    audit: Audit
    open_causes: Sequence[str]


def client_table(result: ClientResult) -> list[str]:
    """The lines of one client."""
    rows = [list(_HEAD)]
    for kind, label in OBJECTS.items():
        controls = [one for one in result.audit.controls if one.kind == kind]
        counts = result.counts.objects.get(kind)
        if counts is None and not controls:
            continue
        first, others = (controls[0], controls[1:]) if controls else (None, [])
        rows.append([label, *_counted(counts or ObjectCounts()), *_money(first)])
        rows += [["", "", "", "", "", "", *_money(one)] for one in others]
    lines = ["", f"{result.partner}: {result.client}, {result.audit.currency}", *grid(rows)]
    for control in result.audit.controls:
        for project, amount in control.differences.items():
            lines.append(f"  ✗ {control.name}, {project}: the target differs by {amount:,}")
    lines += [f"  ✗ {fault}" for fault in result.audit.faults]
    lines += [f"  needs somebody: {cause}" for cause in result.open_causes]
    return lines


def grid(rows: Iterable[Sequence[str]]) -> list[str]:
    """Text in columns, numbers to the right, a rule under the head."""
    table = [list(row) for row in rows]
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    lines = []
    for row in table:
        cells = [
            cell.rjust(width) if n in _NUMBERS else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    lines.insert(1, "  " + "  ".join("─" * width for width in widths))
    return lines


def sign_in_table(people: Sequence[SignIn]) -> list[str]:
    """Who can sign in where."""
    lines: list[str] = []
    for url in dict.fromkeys(one.url for one in people):
        here = [one for one in people if one.url == url]
        lines += ["", f"  {here[0].partner}  {url}"]
        width = max(len(one.email) for one in here)
        lines += [f"    {one.email.ljust(width)}  {one.role}{_of(one)}, {one.name}" for one in here]
    return lines


def _of(person: SignIn) -> str:
    return f" at {person.client}" if person.client else ""


def _counted(counts: ObjectCounts) -> list[str]:
    numbers = (counts.read, counts.delivered, counts.unchanged, counts.held, counts.failed)
    return [f"{number:,}" if number else "·" for number in numbers]


def _money(control: Control | None) -> list[str]:
    if control is None:
        return ["", "", "", ""]
    left_out = total(control.left_out)
    verdict = "equal" if control.holds else "DIFFERENT"
    why = f"; left out: {control.why}" if left_out else ""
    return [
        _amount(total(control.source)),
        _amount(left_out) if left_out else "",
        _amount(total(control.target)),
        f"{verdict}: {control.name}{why}",
    ]


def _amount(value: Decimal) -> str:
    return f"{value:,.2f}"
