"""Compares the chain with what was written down outside the database, place by place."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from governance import anchors, keys, timestamps
from governance.anchor_files import Kept, anchors_in
from governance.models import AuditAnchor
from governance.sinks import Read, Sink, SinkFailed, active_sinks
from governance.statements import is_signed
from governance.timestamps import problem_of
from governance.verdicts import PlaceCheck, Report

FOLDER: Final = "Folder"
_MOST_FINDINGS: Final = 50
_EMPTY: Final = "Nothing of this trail is there, although it was written down there before."


def check_anchors(
    report: Report,
    hashes: Mapping[int, str],
    *,
    seconds: float,
    files: Sequence[Kept] = (),
) -> None:
    """Add what the anchors know and the chain does not: a cut end, an old copy, another chain.

    hashes: of every seal of the chain, by its number. seconds: how long each place on another
    machine may take; one that takes longer is not compared, which is no pass. files: anchors
    that somebody else kept.
    """
    _check_folder(report, hashes)
    for sink in active_sinks():
        if sink.read is not None:
            _check_sink(report, sink, sink.read, hashes, seconds)
        elif sink.by_hand:
            report.places.append(PlaceCheck(sink.label, by_hand=sink.by_hand))
    for kept in files:
        _check_file(report, kept, hashes)


def _check_folder(report: Report, hashes: Mapping[int, str]) -> None:
    place = PlaceCheck(FOLDER)
    report.places.append(place)
    try:
        lines = list(anchors.lines_of(report.trail))
    except OSError as error:
        place.unread = f"The file cannot be read: {error.strerror}."
        return
    if lines:
        _compare(report, place, lines, hashes)
    elif AuditAnchor.objects.filter(place=anchors.path_of(report.trail).name).exists():
        place.unread = f"{_EMPTY} A cut end would not show."
    else:
        report.notes.append("There are no anchors in the folder yet: a cut end would not show.")
    if timestamps.is_active() or any('"timestamp"' in line for line in lines):
        _count_stamps(report, lines)


def _count_stamps(report: Report, lines: Iterable[str]) -> None:
    """Their findings stand with their anchors; here is how many there are, and how checked."""
    count = sum('"timestamp"' in line for line in lines)
    try:
        how = "to a certificate that is trusted here"
        if not timestamps.trusted_roots():
            how = (
                "for their text only: who signed them is not checked without LIVERY_TIMESTAMP_ROOTS"
            )
    except SinkFailed as error:
        report.places.append(PlaceCheck("Time stamps", unread=str(error)))
        return
    said = f"{count:,} in the folder, checked {how}." if count else "None yet."
    report.places.append(PlaceCheck("Time stamps", by_hand=said))


def _check_sink(
    report: Report, sink: Sink, read: Read, hashes: Mapping[int, str], seconds: float
) -> None:
    place = PlaceCheck(sink.label)
    report.places.append(place)
    try:
        found = read(report.trail, hashes, seconds)
    except SinkFailed as error:
        place.unread = str(error)
        return
    place.compared = found.agreeing
    report.notes += found.notes
    _compare(report, place, found.lines, hashes)
    noted = AuditAnchor.objects.filter(place__startswith=sink.noted_as).count()
    if not place.compared and noted:
        place.unread = _EMPTY
    elif place.compared < noted:
        missing = noted - place.compared
        report.notes.append(
            f"{sink.label}: {missing:,} of {noted:,} anchors are not there any more: deleted, or "
            "kept no longer than the bucket's rules say."
        )


def _check_file(report: Report, kept: Kept, hashes: Mapping[int, str]) -> None:
    place = PlaceCheck(f"File {kept.name}", unread=kept.unread)
    report.places.append(place)
    if kept.unread:
        return
    _compare(report, place, anchors_in(kept.content), hashes)
    if not place.compared:
        place.unread = "There is no anchor of this trail in it."


def _compare(
    report: Report, place: PlaceCheck, lines: Iterable[str], hashes: Mapping[int, str]
) -> None:
    known = keys.known_public_keys(report.trail)
    for position, line in enumerate(lines, start=1):
        where = f"Line {position} of the anchors ({place.label})"
        try:
            row = json.loads(line)
            told = json.loads(row["statement"])
            number, at, sealed = int(told["seal"]), float(told["at"]), told["hash"]
            right = told["trail"] == report.trail and is_signed(
                row["statement"], row["signature"], told["key"]
            )
        except (ValueError, KeyError, TypeError, OverflowError):
            report.notes.append(f"{where} can't be read and was left out.")
            continue
        if not right or (told["key"] not in known and number not in hashes):
            report.notes.append(f"{where} is not signed for this trail.")
            continue
        place.compared += 1
        if hashes.get(number) != sealed:
            place.wrong += 1
            if place.wrong <= _MOST_FINDINGS:
                _add(report, place, number, told, there=number in hashes)
        if number >= report.anchored:
            report.anchored, report.anchored_until = number, at
        if row.get("timestamp") and (problem := problem_of(row["timestamp"], row["statement"])):
            report.add("timestamp", f"The time stamp of seal {number} {problem}.", seal=number)


def _add(
    report: Report, place: PlaceCheck, number: int, told: Mapping[str, object], *, there: bool
) -> None:
    if there:
        text = f"Seal {number} is another one than was anchored ({place.label})."
        report.add("rewritten", text, seal=number)
        return
    report.add(
        "truncated",
        f"Seal {number} was anchored outside the database ({place.label}) and is not here: the "
        f"trail's end ({told.get('total')} entries then) was cut off, or an old copy was brought "
        "back.",
        seal=number,
    )
