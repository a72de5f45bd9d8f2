"""Packs a proof of the trail that anybody can check offline, with one file and without us.

A partner's proof holds all sealed entries. A client's holds that client's entries alone, each
with its own way to a seal's root, so that nothing of another client is in it. It proves that what
it shows is genuine; that nothing was left out, only the partner's whole proof shows.
"""

import base64
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Final

from django.db import connection, transaction

from governance import anchors, keys
from governance.actions import AUDIT_PROOF_TAKEN
from governance.actors import Actor
from governance.merkle import HASH_BYTES, levels_of, path_in
from governance.models import AuditSeal
from governance.services import audit
from governance.services.seals import FIELDS, LINE
from governance.sinks import active_sinks
from governance.statements import Statement, statement_from, unpacked_ids

PROGRAM: Final = Path(__file__).resolve().parents[1] / "verify_audit.py"
_SEALS: Final = 50
_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Span:
    """Which seals' entries go in, both included; the chain itself is always whole."""

    first: int
    last: int


class NothingSealed(Exception):
    """There is no seal in that time; the message is fit to show."""


def span_of(since: date | None = None, until: date | None = None) -> Span:
    """Return the seals made from one day to another, both included, in UTC.

    Raises NothingSealed.
    """
    numbers = []
    for seal in AuditSeal.objects.defer("leaves").order_by("number").iterator(chunk_size=500):
        day = datetime.fromtimestamp(statement_from(seal.statement).at, tz=UTC).date()
        if (since is None or day >= since) and (until is None or day <= until):
            numbers.append(seal.number)
    if not numbers:
        raise NothingSealed("Nothing was sealed in this time. Choose another, or try in a minute.")
    return Span(numbers[0], numbers[-1])


def write_proof(actor: Actor, target: IO[bytes], span: Span) -> None:
    """Write the ZIP archive of a proof; that it was taken is recorded. Raises NotPermitted."""
    actor.require("audit.view")
    with transaction.atomic():
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            _write(archive, actor.client_id, span)
        audit.record(
            AUDIT_PROOF_TAKEN,
            object_kind="audit_trail",
            object_id="",
            client_id=actor.client_id,
            after={"first_seal": span.first, "last_seal": span.last},
        )


def _write(archive: zipfile.ZipFile, client_id: int | None, span: Span) -> None:
    trail = str(connection.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
    about: dict[str, object] = {
        "trail": trail,
        "client": client_id,
        "first_seal": span.first,
        "last_seal": span.last,
        "key": keys.known_public_keys(trail)[0],
        "fields": ["form", *FIELDS],
        # Time stamps are in the folder.
        "places": [one.label for one in active_sinks() if one.read or one.by_hand],
    }
    archive.write(PROGRAM, "verify_audit.py")
    archive.writestr("README.txt", _README)
    last = _write_seals(archive, client_id, span)
    about["key"] = last.key if last else about["key"]
    archive.writestr("about.json", json.dumps(about, indent=1))
    _write_entries(archive, client_id, span)
    if client_id is not None:
        _write_paths(archive, client_id, span)
    known = [line for line in anchors.lines_of(trail) if _anchored_seal(line) <= span.last]
    archive.writestr("anchors.jsonl", "".join(f"{line}\n" for line in known))
    _write_stamps(archive, known)


def _write_stamps(archive: zipfile.ZipFile, lines: Iterable[str]) -> None:
    """Write each time stamp with what it is of, as files that other programs can check."""
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            answer = base64.b64decode(row.get("timestamp", ""))
        except (ValueError, AttributeError):
            continue  # the check names the line
        if answer:
            archive.writestr(f"timestamps/{number:06d}.txt", row["statement"])
            archive.writestr(f"timestamps/{number:06d}.tsr", answer)


def _write_seals(archive: zipfile.ZipFile, client_id: int | None, span: Span) -> Statement | None:
    last: Statement | None = None
    with archive.open("seals.jsonl", "w", force_zip64=True) as file:
        for seal in _seals(Span(1, span.last)):
            row = {"statement": seal.statement, "signature": seal.signature}
            if client_id is None and seal.number >= span.first:
                row["leaves"] = base64.b64encode(bytes(seal.leaves)).decode()
            file.write(json.dumps(row).encode() + b"\n")
            last = statement_from(seal.statement)
    return last


def _write_entries(archive: zipfile.ZipFile, client_id: int | None, span: Span) -> None:
    with archive.open("entries.jsonl", "w", force_zip64=True) as file:
        for wanted in _groups(span):
            for _, line in _lines(wanted, client_id):
                file.write(line.encode() + b"\n")


def _write_paths(archive: zipfile.ZipFile, client_id: int, span: Span) -> None:
    with archive.open("paths.jsonl", "w", force_zip64=True) as file:
        for seal in _seals(span):
            ids = list(unpacked_ids(statement_from(seal.statement).ids))
            own = {ident for ident, _ in _lines(set(ids), client_id)}
            if not own:
                continue
            raw = bytes(seal.leaves)
            levels = levels_of([raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)])
            for index, ident in enumerate(ids):
                if ident in own:
                    path = [one.hex() for one in path_in(levels, index)]
                    row = {"id": ident, "seal": seal.number, "index": index, "path": path}
                    file.write(json.dumps(row).encode() + b"\n")


def _groups(span: Span) -> Iterator[set[int]]:
    """Yield the sealed ids in sets large enough to be asked for at once."""
    wanted: set[int] = set()
    rows = AuditSeal.objects.filter(number__gte=span.first, number__lte=span.last)
    for text in rows.order_by("number").values_list("statement", flat=True).iterator():
        wanted.update(unpacked_ids(statement_from(text).ids))
        if len(wanted) >= _ROWS:
            yield wanted
            wanted = set()
    if wanted:
        yield wanted


def _lines(wanted: set[int], client_id: int | None) -> list[tuple[int, str]]:
    """Return the lines that were hashed, by id; of one client where one is named."""
    sql = f"SELECT id, {LINE} FROM governance_auditentry WHERE id BETWEEN %s AND %s"  # noqa: S608  our own columns
    params: list[int] = [min(wanted), max(wanted)]
    if client_id is not None:
        sql, params = f"{sql} AND client_id = %s", [*params, client_id]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ORDER BY id", params)
        return [row for row in cursor.fetchall() if row[0] in wanted]


def _seals(span: Span) -> Iterator[AuditSeal]:
    number = span.first - 1
    rows = AuditSeal.objects.order_by("number").filter(number__lte=span.last)
    while found := list(rows.filter(number__gt=number)[:_SEALS]):
        yield from found
        number = found[-1].number


def _anchored_seal(line: str) -> int:
    """Return the seal that an anchor tells of; 0 for a line that can't be read."""
    try:
        return int(json.loads(json.loads(line)["statement"])["seal"])
    except (ValueError, KeyError, TypeError):
        return 0


_README: Final = """\
A proof of an audit trail
=========================

Check it on any computer, without a connection:

    pip install cryptography
    python3 verify_audit.py

It says PROVEN, or NOT PROVEN and which entry is the first that is not as it was sealed.
The program is short: read it before you trust it.

entries.jsonl   one entry a line, exactly the text that was hashed; the names of its fields
                are in about.json
paths.jsonl     (a client's proof) how each entry leads to the root of its seal
seals.jsonl     all seals from the first one; each signs its root and names the one before it
anchors.jsonl   ends of the trail as they were written down outside the database
timestamps/     (if an authority stamps anchors) the anchors' texts and its answers (RFC 3161)
about.json      which trail this is, and its public key

Texts that begin with "~p1." are personal (names, addresses). They are sealed under a key of
that person, which is destroyed when the person is erased; the proof holds all the same.

Keep this file: it proves later what the trail held today. Compare the public key in about.json
with the one that you were given by other means:

    python3 verify_audit.py --key THE-KEY-YOU-KNOW

and the anchors with those that you kept, as lines in a file (the objects of a bucket one after the
other) or as a mail that you saved. Each file is counted by itself:

    python3 verify_audit.py --anchors mail.eml --anchors bucket.jsonl

The program sees that each time stamp is of its anchor's text. That the authority signed it, and for
which time, another program says, with the authority's root certificate from its own site:

    openssl ts -verify -data timestamps/000001.txt -in timestamps/000001.tsr -CAfile ROOT.pem
    openssl ts -reply -in timestamps/000001.tsr -text
"""
