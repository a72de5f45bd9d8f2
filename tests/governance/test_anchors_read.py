"""Anchors read back from where they are kept: each place says how many agree, or that it was not
read, which is no pass."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from pytest_django import Settings

from branding.services.anchor_mail import MAIL_SINK
from config.env import AnchorBucket
from governance import anchors as folder
from governance import object_storage
from governance.actors import Actor
from governance.models import AuditSeal
from governance.services.anchored import check_anchors
from governance.services.checks import verification
from governance.services.proofs import span_of, write_proof
from governance.services.verifying import verify_trail
from governance.statements import hash_of
from governance.verdicts import Report
from tenants.accounts.models import Client
from tenants.models import Partner
from tenants.services.outside import anchor_outside
from tests import actors
from tests.fakes.outside import Outside
from tests.governance.anchoring import sealed
from tests.posted import posted

pytestmark = pytest.mark.usefixtures("anchors", "at_home")
BATCHES = 3
CHECK = "/changes/audit/proof/check/"


@pytest.fixture
def anchored(northwind: Partner, outside: Outside, bucket: AnchorBucket) -> Partner:
    """A trail whose every seal is in the folder and in the bucket."""
    for _ in range(BATCHES):
        sealed()
        assert anchor_outside(now=True) == 1
    return northwind


def _said(partner: Partner, *files: Path, code: int = 0) -> str:
    told = io.StringIO()
    options = {"partner": partner.slug, "anchor": list(files), "stdout": told}
    if code:
        with pytest.raises(CommandError) as refused:
            call_command("verify_audit", **options)
        assert refused.value.returncode == code, refused.value
        return f"{told.getvalue()}{refused.value}"
    call_command("verify_audit", **options)
    return told.getvalue()


def _cut(partner: Partner, hashes: dict[int, str]) -> Report:
    """Compare the anchors with a chain of these seals, as after an old copy was brought back."""
    report = Report(partner.schema_name)
    check_anchors(report, hashes, seconds=60)
    return report


def _hashes() -> dict[int, str]:
    return {one.number: hash_of(one.statement) for one in AuditSeal.objects.all()}


def test_every_place_is_compared_and_counted(anchored: Partner, outside: Outside) -> None:
    said = _said(anchored)
    assert f"Folder: {BATCHES} anchors compared, all agree." in said
    assert f"Object storage: {BATCHES} anchors compared, all agree." in said
    assert said.rstrip().endswith("Holds.")
    # Whoever waits for a page waits so long and no longer; what was not read is no pass.
    late = verify_trail(seconds=-1)
    place = next(one for one in late.places if one.label == "Object storage")
    assert "takes too long here" in place.unread
    assert not late.is_whole


def test_a_bucket_knows_a_cut_end_and_another_history_where_the_folder_does_not(
    anchored: Partner, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = _hashes()
    last = max(hashes)
    # Years of anchors are compared by their names: the hash in it is what the chain must have.
    monkeypatch.setattr(object_storage, "_NEWEST", 1)
    folder.path_of(anchored.schema_name).unlink()
    cut = _cut(anchored, {number: one for number, one in hashes.items() if number < last})
    assert [(one.kind, one.seal) for one in cut.findings] == [("truncated", last)]
    assert "(Object storage)" in str(cut.findings[0])
    other = _cut(anchored, {**hashes, last - 1: "0" * 64})
    assert [(one.kind, one.seal) for one in other.findings] == [("rewritten", last - 1)]
    place = next(one for one in other.places if one.label == "Object storage")
    assert (place.compared, place.wrong) == (BATCHES, 1)
    assert not other.is_whole, "the folder lost what it had"
    # Deleting an object under a lock only hides it.
    outside.deleted.update(outside.objects)
    hidden = _cut(anchored, {number: one for number, one in hashes.items() if number < last})
    assert [one.kind for one in hidden.findings] == ["truncated"]
    assert any("3 anchors in the object storage were deleted" in one for one in hidden.notes)


def test_a_place_that_cannot_be_read_or_lost_its_anchors_is_no_pass(
    anchored: Partner, outside: Outside, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.refuse = "AccessDenied"
    said = _said(anchored, code=2)
    assert "Object storage: NOT COMPARED. The object storage refused it (AccessDenied)." in said
    assert "Not every place could be compared" in said
    outside.refuse = ""
    kept = dict(outside.objects)
    first = min(kept)
    del outside.objects[first]
    assert f"1 of {BATCHES} anchors are not there any more" in _said(anchored)
    outside.objects.clear()
    assert "Object storage: NOT COMPARED. Nothing of this trail is there" in _said(anchored, code=2)
    settings.ANCHOR_BUCKET = replace(settings.ANCHOR_BUCKET, endpoint="http://127.0.0.1:9")
    object_storage.forget_clients()
    assert "could not be reached" in _said(anchored, code=2)
    settings.ANCHOR_BUCKET = replace(settings.ANCHOR_BUCKET, name="")
    folder.path_of(anchored.schema_name).unlink()
    assert "Folder: NOT COMPARED" in _said(anchored, code=2)


def test_what_could_not_be_compared_is_no_pass_on_the_page_or_in_the_evidence(
    anchored: Partner, outside: Outside, browse: Callable[..., Browser]
) -> None:
    owner = browse(actors.ALICE)
    page = owner.post(CHECK).content.decode()
    assert "Everything is as it was sealed" in page
    assert page.count("3 compared, all agree") == 2, "the folder and the bucket"
    assert verification(None).ok  # type: ignore[arg-type]  # the whole trail, whatever the period

    kept = SimpleUploadedFile("kept.jsonl", folder.path_of(anchored.schema_name).read_bytes())
    page = owner.post(CHECK, {"anchors": kept}).content.decode()
    assert page.count("3 compared, all agree") == 3
    assert "File kept.jsonl" in page
    other = SimpleUploadedFile("other.txt", b"nothing")
    page = owner.post(CHECK, {"anchors": other}).content.decode()
    assert "There is no anchor of this trail in it." in page
    assert "What could be compared is as it was sealed" in page
    large = SimpleUploadedFile("large.txt", b"x" * (4 * 1024 * 1024 + 1))
    assert "Choose a file of at most 4" in owner.post(CHECK, {"anchors": large}).content.decode()

    outside.refuse = "AccessDenied"
    page = owner.post(CHECK).content.decode()
    assert "Everything is as it was sealed" not in page
    assert "What could be compared is as it was sealed" in page
    assert "The object storage refused it (AccessDenied)." in page
    told = verification(None)  # type: ignore[arg-type]
    assert told.ok is None
    assert any("Object storage: NOT COMPARED" in line for line in told.lines)


def test_a_cut_end_that_only_the_bucket_knows_is_found_on_the_page(
    anchored: Partner, browse: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.path_of(anchored.schema_name).unlink()
    kept = list(AuditSeal.objects.order_by("number"))[:-1]
    monkeypatch.setattr("governance.services.verifying._seals", lambda: iter(kept))
    page = browse(actors.ALICE).post(CHECK).content.decode()
    assert "Not as it was sealed" in page
    assert "outside the database (Object storage) and is not here" in page


def test_a_mail_that_somebody_saved_is_compared_here_and_offline(
    northwind: Partner, alder: Client, alice: Actor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("branding.services.anchor_mail.anchor_addresses", lambda: ["cfo@x.example"])
    assert MAIL_SINK.by_hand
    sealed()
    assert anchor_outside(now=True) == 1
    mail = tmp_path / "kept.eml"
    mail.write_bytes(next(one for one in posted() if "seal" in one.subject).message().as_bytes())
    said = _said(northwind)
    assert "Mail: Nobody here reads these mailboxes." in said
    assert "File kept.eml: 1 anchor compared, all agree." in _said(northwind, mail)
    other = tmp_path / "other.jsonl"
    line = folder.path_of(northwind.schema_name).read_text().replace(northwind.schema_name, "p_x")
    other.write_text(line)
    assert "There is no anchor of this trail in it." in _said(northwind, other, code=2)
    assert "It cannot be read" in _said(northwind, tmp_path / "none", code=2)

    proof = tmp_path / "proof.zip"
    with proof.open("wb") as target:
        write_proof(alice, target, span_of())
    assert "kept.eml: 1 compared, all agree." in _offline(proof, 0, mail)
    assert "go to these places too: Mail" in _offline(proof, 0)
    assert "can't be read: There is no anchor" in _offline(proof, 2, other)
    # The proof is older than what somebody kept: its end may have been cut.
    sealed()
    late = tmp_path / "late.jsonl"
    late.write_text(folder.path_of(northwind.schema_name).read_text())
    said = _offline(proof, 1, mail, late)
    assert "late.jsonl: 2 compared, 1 DISAGREE." in said
    assert "kept.eml: 1 compared, all agree." in said


def _offline(proof: Path, code: int, *files: Path) -> str:
    with zipfile.ZipFile(proof) as opened:
        program = proof.with_name("verify_audit.py")
        program.write_bytes(opened.read("verify_audit.py"))
    given = [word for one in files for word in ("--anchors", str(one))]
    done = subprocess.run(
        [sys.executable, "-I", str(program), str(proof), *given],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout
