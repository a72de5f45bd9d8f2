"""Compares the chain with what was written down outside the database."""

import json
from collections.abc import Mapping

from governance import anchors, keys
from governance.statements import is_signed
from governance.timestamps import problem_of
from governance.verdicts import Report


def check_anchors(report: Report, hashes: Mapping[int, str]) -> None:
    """Add what the anchors know and the chain does not: a cut end, an old copy, another chain.

    hashes: of every seal of the chain, by its number.
    """
    known = keys.known_public_keys(report.trail)
    lines = list(anchors.lines_of(report.trail))
    if not lines:
        report.notes.append("There are no anchors outside the database: a cut end would not show.")
        return
    for position, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            told = json.loads(row["statement"])
            number, at, sealed = int(told["seal"]), float(told["at"]), told["hash"]
            right = told["trail"] == report.trail and is_signed(
                row["statement"], row["signature"], told["key"]
            )
        except (ValueError, KeyError, TypeError, OverflowError):
            report.notes.append(f"Line {position} of the anchors can't be read and was left out.")
            continue
        if not right or (told["key"] not in known and number not in hashes):
            report.notes.append(f"Line {position} of the anchors is not signed for this trail.")
            continue
        if number not in hashes:
            report.add(
                "truncated",
                f"Seal {number} was anchored outside the database and is not here: the trail's "
                f"end ({told['total']} entries then) was cut off, or an old copy was brought back.",
                seal=number,
            )
        elif hashes[number] != sealed:
            report.add("rewritten", f"Seal {number} is another one than was anchored.", seal=number)
        report.anchored, report.anchored_until = max(report.anchored, number), at
        if row.get("timestamp") and (problem := problem_of(row["timestamp"], row["statement"])):
            report.add("timestamp", f"The time stamp of seal {number} {problem}.", seal=number)
