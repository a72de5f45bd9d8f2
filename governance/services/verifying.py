"""Checks the trail of the schema that is entered against its seals and anchors.

The database computes the hash of each entry, so this check trusts the server's own functions;
the proof bundle with `verify_audit.py` trusts nobody.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Final

from django.db import connection

from governance import keys
from governance.anchor_files import Kept
from governance.merkle import HASH_BYTES, root_of
from governance.models import AuditSeal
from governance.services.anchored import check_anchors
from governance.services.seals import LEAF
from governance.snapshots import Snapshot
from governance.statements import (
    FIRST_PREVIOUS,
    Statement,
    hash_of,
    is_signed,
    statement_from,
    unpacked_ids,
)
from governance.verdicts import Report

MOST_FINDINGS: Final = 50
_CHUNK: Final = 50_000
_SEALS: Final = 50
# An entry this much older than the seal before its own came very late, or was dated back.
_LATE_SECONDS: Final = 900.0


@dataclass
class _Entries:
    """Hashes of entries by id, read in the order of ids as far as somebody asked."""

    upto: int = 0
    known: dict[int, bytes] = field(default_factory=dict)
    ended: bool = False

    def read_to(self, ident: int) -> None:
        """Read on until all entries up to `ident` are known."""
        while self.upto < ident and not self.ended:
            with connection.cursor() as cursor:
                cursor.execute(_READ, [self.upto, _CHUNK])
                rows = cursor.fetchall()
            self.known.update(rows)
            self.ended = len(rows) < _CHUNK
            if rows:
                self.upto = rows[-1][0]

    def read_all(self) -> None:
        """Read the rest."""
        while not self.ended:
            self.read_to(self.upto + 1)


_READ: Final = f"SELECT id, {LEAF} FROM governance_auditentry WHERE id > %s ORDER BY id LIMIT %s"  # noqa: S608  our own columns


def verify_trail(*, seconds: float = math.inf, files: Sequence[Kept] = ()) -> Report:
    """Check every entry, every seal and every anchor; the first finding is the first bad entry.

    seconds, files: see `anchored.check_anchors`.
    """
    trail = str(connection.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
    report, entries = Report(trail), _Entries()
    hashes: dict[int, str] = {}
    before: Statement | None = None
    text = signature = ""
    for seal in _seals():
        if len(report.findings) >= MOST_FINDINGS:
            report.notes.append("The check stopped here; more may be wrong.")
            return report
        statement = _statement(report, seal, trail)
        if statement is None:
            return report
        _check_link(report, statement, before, text, signature)
        _check_entries(report, statement, bytes(seal.leaves), entries)
        before, text, signature = statement, seal.statement, seal.signature
        hashes[statement.number] = hash_of(text)
        report.seals += 1
    if before is not None:
        _check_signature(report, before, text, signature, at_end=True)
        report.sealed_until = before.at
    _check_unsealed(report, entries, before)
    check_anchors(report, hashes, seconds=seconds, files=files)
    return report


def _seals() -> Iterator[AuditSeal]:
    number = 0
    while found := list(AuditSeal.objects.filter(number__gt=number).order_by("number")[:_SEALS]):
        yield from found
        number = found[-1].number


def _statement(report: Report, seal: AuditSeal, trail: str) -> Statement | None:
    """Read a seal's statement; without it nothing after it can be checked."""
    number = seal.number
    try:
        statement = statement_from(seal.statement)
    except ValueError:
        report.add("seal", f"Seal {number} can't be read: it was altered.", seal=number)
        return None
    if statement.trail != trail:
        report.add(
            "swapped", f"Seal {number} is of another trail ({statement.trail}).", seal=number
        )
        return None
    if statement.number != number:
        report.add("seal", f"Seal {number} says that it is {statement.number}.", seal=number)
    return statement


def _check_link(
    report: Report, statement: Statement, before: Statement | None, text: str, signature: str
) -> None:
    number = statement.number
    expected = before.number + 1 if before else 1
    if number != expected:
        missing = (
            f"seal {expected}" if number == expected + 1 else f"seals {expected} to {number - 1}"
        )
        report.add("seal", f"Before seal {number}, {missing} is missing.", seal=expected)
    elif statement.previous != (hash_of(text) if before else FIRST_PREVIOUS):
        report.add(
            "seal", f"Seal {number} follows another seal {number - 1} than this one.", seal=number
        )
        if before:
            _check_signature(report, before, text, signature)
    if before and statement.key != before.key:
        _check_signature(report, before, text, signature)
    if before and statement.oldest < before.at - _LATE_SECONDS:
        minutes = (before.at - statement.oldest) / 60
        report.notes.append(
            f"Seal {number} holds an entry that is {minutes:.0f} minutes older than the seal "
            "before it: a very long transaction, or an entry that was dated back."
        )


def _check_signature(
    report: Report, statement: Statement, text: str, signature: str, *, at_end: bool = False
) -> None:
    """The hash of the seal before is in each statement, so a signature proves all before it."""
    number = statement.number
    if not is_signed(text, signature, statement.key):
        report.add("signature", f"The signature of seal {number} is wrong.", seal=number)
    elif at_end and statement.key not in keys.known_public_keys(statement.trail):
        report.add(
            "signature",
            f"Seal {number} is signed with a key that is not this installation's. If the master "
            "key was changed, add the one before to LIVERY_PREVIOUS_MASTER_KEYS.",
            seal=number,
        )


def _check_entries(report: Report, statement: Statement, leaves: bytes, entries: _Entries) -> None:
    number, ids = statement.number, list(unpacked_ids(statement.ids))
    if any(one >= other for one, other in pairwise(ids)) or len(ids) != statement.count:
        report.add("seal", f"Seal {number} lists its entries wrongly.", seal=number)
        return
    entries.read_to(ids[-1])
    found = [entries.known.pop(one, b"") for one in ids]
    report.entries += len(ids)
    split = [leaves[at : at + HASH_BYTES] for at in range(0, len(leaves), HASH_BYTES)]
    if len(split) != len(ids) or root_of(split).hex() != statement.root:
        report.add("leaves", f"The list of hashes of seal {number} was altered.", seal=number)
        if root_of(found).hex() != statement.root:
            report.add(
                "entries",
                f"One of the entries {statement.ids} of seal {number} was altered; which one "
                "can't be told without the list of hashes.",
                seal=number,
                entry=ids[0],
            )
        return
    if b"".join(found) == leaves:
        return
    for ident, hashed, leaf in zip(ids, found, split, strict=True):
        if hashed != leaf and len(report.findings) < MOST_FINDINGS:
            word = "is missing: it was deleted" if not hashed else "was altered"
            kind = "altered" if hashed else "deleted"
            text = f"Entry {ident} {word} after it was sealed (seal {number})."
            report.add(kind, text, seal=number, entry=ident)


def _check_unsealed(report: Report, entries: _Entries, last: Statement | None) -> None:
    """What is in no seal is either newer than the last one, or was slipped in afterwards."""
    entries.read_all()
    report.pending = len(entries.known)
    if last is None or not entries.known:
        return
    seen = Snapshot.read(last.seen)
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
        if cursor.fetchone()[0] != last.cluster:
            report.notes.append(
                "The trail was moved to another server and is not sealed there yet."
            )
            return
        cursor.execute(
            "SELECT id FROM governance_auditentry WHERE id = ANY(%s) AND xid < %s "
            "AND NOT xid = ANY(%s) ORDER BY id",
            [list(entries.known), seen.upto, list(seen.open)],
        )
        inserted = [row[0] for row in cursor.fetchall()]
    report.pending -= len(inserted)
    for ident in inserted[:MOST_FINDINGS]:
        text = f"Entry {ident} is in no seal although it is older than the last: it was slipped in."
        report.add("inserted", text, entry=ident)


def fingerprint(public_key: str) -> str:
    """Return a public key's fingerprint as people compare it: 8 groups of 4 digits."""
    digits = sha256(bytes.fromhex(public_key)).hexdigest()[:32]
    return " ".join(digits[at : at + 4] for at in range(0, 32, 4))
