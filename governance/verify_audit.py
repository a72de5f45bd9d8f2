#!/usr/bin/env python3
"""Checks a proof of an audit trail, offline: python3 verify_audit.py [FOLDER or ZIP]

It needs Python 3.9 or newer and the package "cryptography" (pip install cryptography), nothing
else, and opens no connection. It ends with 0 when everything is as it was sealed, with 1 when
something is not (the first bad entry is named first), and with 2 when it cannot read the proof.

  --key HEX        the public key that you were given by other means than this proof
  --anchors FILE   anchors that you kept yourself: lines, or a mail as you saved it; as often as
                   there are files, beside those that came with the proof

What is checked: each entry gives a hash (SHA-256 of a zero byte and its line); the hashes of a
batch give a Merkle root as in RFC 6962; a seal signs (Ed25519) the root and names the seal
before it by its hash; anchors are seals' hashes that were written down outside the database. Of
time stamps on anchors only this is checked: that they are of the anchor that they stand with.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import re
import sys
import zipfile
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.exit("The package “cryptography” is missing. Install it: pip install cryptography")

MOST = 50
OWN = "anchors.jsonl"
OLDER = "(A proof that was made before, or of an earlier time, lacks it: take a new one.)"
# An entry so much older than the seal before its own came very late, or was dated back.
LATE_SECONDS = 900.0
STAMPED = (
    "{} of the anchors bear a time stamp (RFC 3161) of their own text. Who signed it and for which "
    "time is not checked here: README.txt says how (openssl ts -verify)."
)


ELSEWHERE = "Anchors of this trail go to these places too: {}. Compare them with --anchors FILE."


class Unreadable(Exception):
    """The proof is not complete or not in the right form."""


class Proof:
    """Reads the files of a folder or a ZIP archive."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.archive = zipfile.ZipFile(place) if place.is_file() else None

    def lines(self, name: str, required: bool = True) -> Iterator[bytes]:
        """Yield the lines of a file, as bytes, without their ends."""
        try:
            inside = self.archive
            file = inside.open(name) if inside else (self.place / name).open("rb")
        except (KeyError, OSError):
            if required:
                raise Unreadable(f"The file {name} is missing.") from None
            return
        with file:
            for line in io.BufferedReader(file, 1 << 20):  # type: ignore[type-var]  # both kinds read
                yield line.rstrip(b"\r\n")

    def text(self, name: str) -> str:
        """Return a whole file."""
        return b"\n".join(self.lines(name)).decode()


class Findings:
    """What is wrong, in the order of the trail."""

    def __init__(self) -> None:
        self.bad: list[str] = []
        self.notes: list[str] = []
        self.places: list[str] = []

    def add(self, text: str) -> None:
        """Keep a finding."""
        self.bad.append(text)


def digest(text: str) -> str:
    """Return the hash by which a seal names the one before it."""
    return sha256(text.encode()).hexdigest()


def signed(text: str, signature: str, key: str) -> bool:
    """Say whether the owner of the key signed this text."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(signature), text.encode()
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def root(leaves: list[Any]) -> str:
    """Return the Merkle root of leaves."""
    level = list(leaves) or [sha256(b"").digest()]
    while len(level) > 1:
        above = [
            sha256(b"\x01" + level[at] + level[at + 1]).digest()
            for at in range(0, len(level) - 1, 2)
        ]
        level = above + level[-1:] if len(level) % 2 else above
    return bytes(level[0]).hex()


def root_by_path(leaf: bytes, index: int, count: int, path: list[Any]) -> str:
    """Return the root that a leaf and its neighbours lead to, "" when they do not fit."""
    node, waiting = leaf, list(path)
    while count > 1:
        if index ^ 1 < count:
            if not waiting:
                return ""
            other = bytes.fromhex(waiting.pop(0))
            node = sha256(b"\x01" + (other + node if index % 2 else node + other)).digest()
        index, count = index // 2, (count + 1) // 2
    return "" if waiting else node.hex()


def ids_of(text: str) -> list[Any]:
    """Return the ids that "1-3,7" stands for."""
    ids: list[Any] = []
    for part in text.split(",") if text else ():
        start, _, end = part.partition("-")
        ids.extend(range(int(start), int(end or start) + 1))
    return ids


def read_entries(proof: Proof, findings: Findings) -> dict[Any, Any]:
    """Return the hash of each entry by its id."""
    entries: dict[Any, Any] = {}
    for number, line in enumerate(proof.lines("entries.jsonl"), start=1):
        parts = line.split(b",", 2)
        if len(parts) != 3 or parts[0] != b'["v1"' or not parts[1].strip().isdigit():
            findings.add(f"Line {number} of entries.jsonl is no entry.")
            continue
        ident = int(parts[1])
        if ident in entries:
            findings.add(f"Entry {ident} is there twice.")
        entries[ident] = sha256(b"\x00" + line).digest()
    return entries


def check_chain(
    proof: Proof, about: dict[Any, Any], key: str, findings: Findings
) -> tuple[Any, Any]:
    """Check the seals' order and signatures; return (statements by number, leaves by number)."""
    statements: dict[Any, Any] = {}
    leaves: dict[Any, Any] = {}
    before: Any = None
    text = signature = ""
    for line in proof.lines("seals.jsonl"):
        row = json.loads(line)
        told = json.loads(row["statement"])
        number = told["number"]
        if told["trail"] != about["trail"]:
            findings.add(f"Seal {number} is of another trail ({told['trail']}).")
        check_link(told, before, text, signature, findings)
        before, text, signature = told, row["statement"], row["signature"]
        statements[number] = {**told, "hash": digest(text)}
        if row.get("leaves"):
            raw = base64.b64decode(row["leaves"])
            leaves[number] = [raw[at : at + 32] for at in range(0, len(raw), 32)]
    if before is None:
        raise Unreadable("There is no seal yet.")
    if not signed(text, signature, before["key"]):
        findings.add(f"The signature of seal {before['number']} is wrong.")
    if before["key"] != key:
        findings.add(f"Seal {before['number']} is signed with another key than {key}.")
    if before["number"] < about["last_seal"]:
        findings.add(f"The end is missing: seals up to {about['last_seal']} are promised.")
    return statements, leaves


def check_link(
    told: dict[Any, Any], before: Any, text: str, signature: str, findings: Findings
) -> None:
    """Check that a seal follows the one before it."""
    number, expected = told["number"], before["number"] + 1 if before else 1
    if number != expected:
        findings.add(f"Seal {expected} is missing.")
    elif told["previous"] != (digest(text) if before else "0" * 64):
        findings.add(f"Seal {number} follows another seal {number - 1} than this one.")
    if before and told["key"] != before["key"] and not signed(text, signature, before["key"]):
        findings.add(f"The signature of seal {before['number']} is wrong.")
    if before and told["oldest"] < before["at"] - LATE_SECONDS:
        findings.notes.append(f"Seal {number} holds an entry much older than the seal before.")


def check_batch(
    told: dict[Any, Any], leaves: list[Any], entries: dict[Any, Any], findings: Findings
) -> int:
    """Compare one seal with its entries; return how many there were."""
    number, ids = told["number"], ids_of(told["ids"])
    found = [entries.pop(ident, None) for ident in ids]
    if found == leaves and root(found) == told["root"]:
        return len(ids)
    if len(leaves) != len(ids) or root(leaves) != told["root"]:
        findings.add(f"The list of hashes of seal {number} was altered.")
        if None in found or root(found) != told["root"]:
            findings.add(f"One of the entries {told['ids']} was altered.")
        return len(ids)
    for ident, hashed, leaf in zip(ids, found, leaves):  # noqa: B905  Python 3.9; equal lengths
        if hashed is None:
            findings.add(f"Entry {ident} is missing (seal {number}).")
        elif hashed != leaf:
            findings.add(f"Entry {ident} was altered after it was sealed (seal {number}).")
    return len(ids)


def check_paths(
    proof: Proof, statements: dict[Any, Any], entries: dict[Any, Any], findings: Findings
) -> int:
    """Check each entry's own way to the root of its seal; return how many there were."""
    count = 0
    for line in proof.lines("paths.jsonl"):
        row = json.loads(line)
        ident, told = row["id"], statements.get(row["seal"])
        leaf = entries.pop(ident, None)
        count += 1
        if leaf is None:
            findings.add(f"Entry {ident} is missing.")
        elif told is None:
            findings.add(f"Entry {ident} names seal {row['seal']}, which is not there.")
        elif not 0 <= row["index"] < told["count"] or ids_of(told["ids"])[row["index"]] != ident:
            findings.add(f"Entry {ident} does not stand at its place in seal {row['seal']}.")
        elif root_by_path(leaf, row["index"], told["count"], row["path"]) != told["root"]:
            findings.add(f"Entry {ident} was altered after it was sealed (seal {row['seal']}).")
    return count


def check_clients(proof: Proof, client: int, findings: Findings) -> None:
    """All entries are the client's own."""
    for line in proof.lines("entries.jsonl"):
        row = json.loads(line)
        if row[12] != client:
            findings.add(f"Entry {row[1]} is not of client {client}.")


def anchors_in(content: bytes) -> list[Any]:
    """Return the lines of a file that look like anchors; of a mail, those of its text."""
    if re.match(rb"(From [^\n]*\n)?[A-Za-z][A-Za-z-]*: ", content):
        mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        body = mail.get_body(("plain",))
        content = body.get_content().encode() if body is not None else b""
    lines = content.decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("{")]


def check_anchors(
    place: str,
    lines: list[Any],
    statements: dict[Any, Any],
    about: dict[Any, Any],
    findings: Findings,
) -> int:
    """Compare the chain with the anchors of a place; return the last seal that agrees."""
    until, compared, before = 0, 0, len(findings.bad)
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            told = json.loads(row["statement"])
            if not signed(row["statement"], row["signature"], told["key"]):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            findings.notes.append(f"Line {number} of {place} cannot be read or is not signed.")
            continue
        compared += 1
        seal = statements.get(told["seal"])
        if told["trail"] != about["trail"]:
            findings.add(f"Line {number} of {place} is of another trail ({told['trail']}).")
        elif seal is None and told["seal"] <= about["last_seal"]:
            findings.add(f"Seal {told['seal']} was anchored and is missing.")
        elif seal is None:
            findings.add(f"The end is missing: seal {told['seal']} was anchored. {OLDER}")
        elif seal["hash"] != told["hash"]:
            findings.add(f"Seal {told['seal']} is another one than was anchored.")
        else:
            until = max(until, told["seal"])
    wrong = len(findings.bad) - before
    said = f"{wrong} DISAGREE" if wrong else "all agree" if compared else "nothing shows a cut end"
    findings.places.append(f"{place}: {compared} compared, {said}.")
    if not compared and place != OWN:
        raise Unreadable(f"There is no anchor in {place}.")
    return until


def check_stamps(lines: list[Any], findings: Findings) -> None:
    """See that each time stamp is of the anchor that it stands with, and say what is not seen."""
    count = 0
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            answer, text = row.get("timestamp"), row["statement"]
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # told already
        count += bool(answer)
        if answer and not stamps(answer, text):
            findings.add(f"The time stamp in line {number} of the anchors is of another text.")
    if count:
        findings.notes.append(STAMPED.format(count))


def stamps(answer: str, text: str) -> bool:
    """Say whether an authority's answer (RFC 3161) names the hash of this text.

    Who signed it, and when, takes more than this program has: README.txt says how to ask openssl.
    """
    try:
        return b"\x04\x20" + sha256(text.encode()).digest() in base64.b64decode(answer)
    except (ValueError, TypeError, AttributeError):
        return False


def check(proof: Proof, key: str, files: dict[Any, Any]) -> tuple[Any, Any]:
    """Check everything; return (findings, sentence about what was checked).

    files: lines of anchors that somebody kept, by the name of their file.
    """
    findings = Findings()
    about = json.loads(proof.text("about.json"))
    statements, leaves = check_chain(proof, about, key or about["key"], findings)
    entries = read_entries(proof, findings)
    count = 0
    if about["client"] is None:
        for number in range(about["first_seal"], about["last_seal"] + 1):
            if number in statements:
                told = statements[number]
                count += check_batch(told, leaves.get(number, []), entries, findings)
    else:
        count = check_paths(proof, statements, entries, findings)
        check_clients(proof, about["client"], findings)
    for ident in list(entries)[:MOST]:
        findings.add(f"Entry {ident} is in no seal: it was slipped in.")
    places = {OWN: list(proof.lines(OWN, required=False)), **files}
    found = [check_anchors(name, one, statements, about, findings) for name, one in places.items()]
    check_stamps([line for one in places.values() for line in one], findings)
    if about.get("places"):
        findings.notes.append(ELSEWHERE.format(", ".join(about["places"])))
    until = f"seal {max(found)}" if any(found) else "nothing"
    return findings, (
        f"{count} entries of {about['trail']}, {len(statements)} seals, anchored up to {until}."
    )


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(text + "\n")


def main() -> int:
    """Check the proof that is named, and say what came of it."""
    parser = argparse.ArgumentParser(description="Checks a proof of an audit trail, offline.")
    parser.add_argument("place", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--key", default="", help="the public key you were given by other means")
    parser.add_argument("--anchors", action="append", default=[], help="anchors that you kept")
    asked = parser.parse_args()
    try:
        proof = Proof(Path(asked.place))
        files = {name: anchors_in(Path(name).read_bytes()) for name in asked.anchors}
        findings, sentence = check(proof, asked.key.strip().lower(), files)
    except (Unreadable, OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        say(f"This proof can't be read: {error}")
        return 2
    for note in findings.notes[:MOST]:
        say(f"Note: {note}")
    for text in findings.bad[:MOST]:
        say(f"BAD: {text}")
    for text in findings.places:
        say(f"Anchors. {text}")
    if not asked.key:
        say("Note: the key came with the proof. Compare it with the one you know (--key).")
    say(f"{'NOT PROVEN' if findings.bad else 'PROVEN'}: {sentence}")
    return 1 if findings.bad else 0


if __name__ == "__main__":
    sys.exit(main())
