"""Whoever tampers with the trail is found, in the database and in a proof, and by the place."""

import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django_tenants.utils import tenant_context
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from governance import correlation, verify_audit
from governance.actions import CHANGE_PROPOSED
from governance.actors import Actor, command_actor
from governance.append_only import MAINTENANCE_SETTING
from governance.models import AuditEntry
from governance.services import audit
from governance.services.proofs import span_of, write_proof
from governance.services.verifying import verify_trail
from tenants.models import Partner
from tenants.postgres import roles
from tenants.services.trails import seal_here
from tests.governance.seal_lab import db, lab

__all__ = ["db", "lab"]
pytestmark = pytest.mark.usefixtures("db")
OWN, OTHER = 1, 2
BATCHES = 4
CLIENT = Actor("person", 9, "Grace", client_id=OWN, permissions=frozenset({"audit.view"}))
CANARY = "canary-of-the-other-client"


@dataclass
class Sealed:
    """A sealed and anchored trail, and proofs of it as the files in them."""

    partner: Partner
    anchors: Path
    whole: dict[str, bytes]
    own: dict[str, bytes]
    entries: list[int]


def _files(actor: Actor) -> dict[str, bytes]:
    archive = io.BytesIO()
    write_proof(actor, archive, span_of())
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def sealed(
    lab: Partner, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sealed]:
    """Four batches of ten entries, each anchored."""
    place = tmp_path_factory.mktemp("anchors")
    with (
        django_db_blocker.unblock(),
        tenant_context(lab),
        pytest.MonkeyPatch.context() as patch,
        correlation.scope(actor=command_actor("tests"), door="command"),
    ):
        patch.setattr("governance.anchors.settings.AUDIT_ANCHORS", place)
        for batch in range(BATCHES):
            audit.record_many(
                [
                    audit.EntryDraft(
                        CHANGE_PROPOSED,
                        "lamp",
                        number,
                        object_label="mine" if number % 2 else CANARY,
                        client_id=OWN if number % 2 else OTHER,
                        after={"rate": f"{batch}.{number}"},
                    )
                    for number in range(10)
                ]
            )
            seal_here(anchor_every=timedelta(0))
        entries = list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))
        whole = _files(command_actor("tests"))
        own = _files(CLIENT)
        seal_here(anchor_every=timedelta(0))
        yield Sealed(lab, place, whole, own, entries)


# --- in the database, as its owner -------------------------------------------------------


@contextmanager
def _tampered(sealed: Sealed, *statements: str) -> Iterator[None]:
    """Tamper as the owner of the tables, and put everything back afterwards."""
    tables = ("governance_auditentry", "governance_auditseal")
    with roles.owner_connection(autocommit=True) as owner:

        def run(*lines: str) -> None:
            owner.execute(f'SET search_path = "{sealed.partner.schema_name}"'.encode())
            owner.execute(f"SET {MAINTENANCE_SETTING} = 'on'".encode())
            for line in lines:
                owner.execute(line.encode())

        run(*(f"CREATE TABLE kept_{table} AS TABLE {table}" for table in tables))
        try:
            run(*statements)
            yield
        finally:
            for table in tables:
                run(
                    f"TRUNCATE {table}",
                    f"INSERT INTO {table} SELECT * FROM kept_{table}",
                    f"DROP TABLE kept_{table}",
                )


ENTRY = "governance_auditentry"
FORGED = (
    f"INSERT INTO {ENTRY} (id, at, actor_kind, actor_label, door, address, action, object_kind,"
    " object_id, object_label, reason, correlation_id, xid) SELECT {id}, now() - interval '1 day',"
    " 'person', 'Mallory', 'admin', '', 'change.approved', 'x', '1', '', '', 'c', {xid}"
)
KINDS: dict[str, tuple[list[str], str, bool]] = {
    "edit": ([f"UPDATE {ENTRY} SET reason = 'other' WHERE id = {{e}}"], "altered", True),
    "edit of the actor": ([f"UPDATE {ENTRY} SET actor_id = 77 WHERE id = {{e}}"], "altered", True),
    "edit of the time": (
        [f"UPDATE {ENTRY} SET at = at + interval '1 microsecond' WHERE id = {{e}}"],
        "altered",
        True,
    ),
    "delete": ([f"DELETE FROM {ENTRY} WHERE id = {{e}}"], "deleted", True),
    "insert": ([FORGED.format(id=900_000, xid=3)], "inserted", False),
    "reorder": (
        [
            f"UPDATE {ENTRY} SET id = -1 WHERE id = {{e}}",
            f"UPDATE {ENTRY} SET id = {{e}} WHERE id = {{f}}",
            f"UPDATE {ENTRY} SET id = {{f}} WHERE id = -1",
        ],
        "altered",
        True,
    ),
    "a seal rewritten with its entry": (
        [
            f"UPDATE {ENTRY} SET reason = 'other' WHERE id = {{e}}",
            """UPDATE governance_auditseal SET leaves = sha256('x') || substr(leaves, 33)
               WHERE number = 2""",
        ],
        "leaves",
        False,
    ),
    "swap of tenants": (
        [
            """UPDATE governance_auditseal SET statement =
               replace(statement, '"trail":"', '"trail":"p_other_') WHERE number = 2""",
        ],
        "swapped",
        False,
    ),
    "a seal taken out": (["DELETE FROM governance_auditseal WHERE number = 2"], "seal", False),
    "cut end": (
        [
            f"DELETE FROM {ENTRY} WHERE id >= {{f}}",
            "DELETE FROM governance_auditseal WHERE number >= 4",
        ],
        "truncated",
        False,
    ),
    "everything gone": (
        [f"TRUNCATE {ENTRY}", "TRUNCATE governance_auditseal"],
        "truncated",
        False,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_tampering_with_the_database_is_found(sealed: Sealed, kind: str) -> None:
    statements, found, named = KINDS[kind]
    first, second = sealed.entries[-25], sealed.entries[-7]
    filled = [one.format(e=first, f=second) for one in statements]
    assert verify_trail().holds
    with _tampered(sealed, *filled):
        report = verify_trail()
        with pytest.raises(CommandError, match="Not as it was sealed"):
            call_command("verify_audit", partner=sealed.partner.slug, stdout=io.StringIO())
    assert report.findings[0].kind == found, report.findings
    if named:
        assert report.findings[0].entry == first
    assert verify_trail().holds


def test_an_old_copy_that_was_brought_back_is_found_by_the_anchors_alone(sealed: Sealed) -> None:
    """Up to its own end an old backup is perfect; only what was written elsewhere tells."""
    with _tampered(
        sealed,
        f"DELETE FROM {ENTRY} WHERE id > (SELECT top_id FROM governance_auditseal WHERE number=2)",
        "DELETE FROM governance_auditseal WHERE number > 2",
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("governance.anchors.settings.AUDIT_ANCHORS", sealed.anchors / "none")
            assert verify_trail().holds
        assert {one.kind for one in verify_trail().findings} == {"truncated"}


# --- in a proof, offline -----------------------------------------------------------------


def _check(files: dict[str, bytes], folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the program as who got the proof would: in its folder, with nothing of ours."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-I", "verify_audit.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def test_a_proof_holds_offline_and_names_the_first_bad_entry(
    sealed: Sealed, tmp_path: Path
) -> None:
    code, told = _check(sealed.whole, tmp_path)
    assert (code, told.splitlines()[-1][:7]) == (0, "PROVEN:"), told
    key = json.loads(sealed.whole["about.json"])["key"]
    assert _check(sealed.whole, tmp_path, "--key", key)[0] == 0
    assert _check(sealed.whole, tmp_path, "--key", "00" * 32)[0] == 1
    lines = sealed.whole["entries.jsonl"].splitlines(keepends=True)
    position = len(lines) - 25  # in the second batch: each of the last four has ten
    ident = json.loads(lines[position])[1]
    lines[position] = lines[position].replace(b"change.proposed", b"change.approved")
    lines[-3] = lines[-3].replace(b"change.proposed", b"change.approved")
    code, told = _check({**sealed.whole, "entries.jsonl": b"".join(lines)}, tmp_path)
    assert code == 1
    assert told.splitlines()[0] == f"BAD: Entry {ident} was altered after it was sealed (seal 2)."


def test_a_clients_proof_holds_and_has_nothing_of_another_client(
    sealed: Sealed, tmp_path: Path
) -> None:
    assert CANARY.encode() in sealed.whole["entries.jsonl"]
    assert CANARY.encode() not in b"".join(sealed.own.values())
    lines = [json.loads(line) for line in sealed.own["entries.jsonl"].splitlines()]
    assert len(lines) == 5 * BATCHES
    code, told = _check(sealed.own, tmp_path)
    assert code == 0, told
    entries = sealed.own["entries.jsonl"].replace(b'"0.1"', b'"9.1"')
    code, told = _check({**sealed.own, "entries.jsonl": entries}, tmp_path)
    assert code == 1
    assert f"Entry {lines[0][1]} was altered" in told


def test_a_proof_that_can_t_be_read_says_so(sealed: Sealed, tmp_path: Path) -> None:
    files = {name: text for name, text in sealed.whole.items() if name != "seals.jsonl"}
    assert _check(files, tmp_path) == (
        2,
        "This proof can't be read: The file seals.jsonl is missing.\n",
    )


Lines = list[bytes]


def _edit(lines: Lines, at: int, chance: random.Random) -> None:
    row = json.loads(lines[at])
    position = chance.choice([2, 3, 5, 6, 8, 9, 10, 13, 15, 16])
    row[position] = f"{row[position]}x"
    lines[at] = json.dumps(row).encode()


def _delete(lines: Lines, at: int, chance: random.Random) -> None:
    del lines[at]


def _insert(lines: Lines, at: int, chance: random.Random) -> None:
    row = json.loads(lines[at])
    row[1] = 10_000 + at
    lines.insert(at, json.dumps(row).encode())


def _double(lines: Lines, at: int, chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines)), lines[at])


def _reorder(lines: Lines, at: int, chance: random.Random) -> None:
    """Let two entries change their ids, and so their places."""
    other = (at + 1 + chance.randrange(len(lines) - 1)) % len(lines)
    one, two = json.loads(lines[at]), json.loads(lines[other])
    one[1], two[1] = two[1], one[1]
    lines[at] = json.dumps(one, separators=(", ", ": ")).encode()
    lines[other] = json.dumps(two, separators=(", ", ": ")).encode()


def _cut(lines: Lines, at: int, chance: random.Random) -> None:
    del lines[at:]


def _swap(lines: Lines, at: int, chance: random.Random) -> None:
    """Bring a line of another trail or place here, under the number of this one."""
    lines[at] = lines[at].replace(b"p_seal_lab", b"p_other")
    row = json.loads(lines[at])
    if isinstance(row, list):
        row[4], row[12] = "tenant", 555
        lines[at] = json.dumps(row).encode()


Tamper = Callable[[Lines, int, random.Random], None]
OF_ENTRIES: list[Tamper] = [_edit, _delete, _insert, _double, _reorder, _cut, _swap]
OF_SEALS: list[Tamper] = [_delete, _double, _cut, _swap]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_tampering_with_a_proof_is_missed(sealed: Sealed, data: st.DataObject) -> None:
    files = sealed.whole if data.draw(st.booleans()) else sealed.own
    name = data.draw(st.sampled_from(["entries.jsonl", "seals.jsonl"]))
    tamper = data.draw(st.sampled_from(OF_ENTRIES if name == "entries.jsonl" else OF_SEALS))
    lines = files[name].splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    tamper(lines, at, data.draw(st.randoms(use_true_random=False)))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for one, content in {**files, name: b"\n".join(lines) + b"\n"}.items():
            opened.writestr(one, content)
    bad = _findings(archive)
    assert bad, f"{tamper.__name__} at line {at} of {name} was missed"


def _findings(archive: io.BytesIO) -> list[str]:
    proof = verify_audit.Proof.__new__(verify_audit.Proof)
    proof.place, proof.archive = Path("proof.zip"), zipfile.ZipFile(archive)
    try:
        found, _ = verify_audit.check(proof, "", {})
    except (verify_audit.Unreadable, ValueError, KeyError, TypeError) as error:
        return [str(error)]
    return list(found.bad)
