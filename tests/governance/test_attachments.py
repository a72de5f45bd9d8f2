"""Files at a change: what they may be, how they leave, and that they are evidence."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from governance.actors import Actor
from governance.errors import BadTransition, InvalidProposal, NotPermitted
from governance.evidence import Period
from governance.files import MOST_BYTES, MOST_FILES, MOST_OF_ONE, FileRefused, checked_file
from governance.models import Attachment, AuditEntry
from governance.services import changes
from governance.services.attachments import attach, open_attachment
from governance.services.evidence import collect
from tenants.accounts.models import Client
from tests import actors
from tests.governance.governed import propose

pytestmark = pytest.mark.usefixtures("governed", "at_home")
Browse = Callable[..., Browser]
PDF = b"%PDF-1.7 an offer"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("run.exe", b"MZ", "ends in csv"),
        ("page.html", b"<script>", "ends in csv"),
        ("picture.svg", b"<svg/>", "ends in csv"),
        (".pdf", PDF, "ends in csv"),
        ("offer.pdf", b"MZ", "no PDF"),
        ("notes.txt", b"\x00\x01", "no TXT"),
        ("notes.txt", b"M\xfcller\x01", "no TXT.*Save it as one in UTF-8"),
        ("notes.txt", b"M\xfcller \x81", "no TXT"),
        ("notes.txt", b"\xff\xfea", "no TXT"),
        ("notes.txt", "a\x00".encode("utf-16"), "no TXT"),
        ("offer.pdf", b"", "empty"),
        ("offer.pdf", PDF + b"x" * MOST_BYTES, "larger than 5 MB"),
    ],
)
def test_what_is_no_paper_is_refused(name: str, content: bytes, said: str) -> None:
    with pytest.raises(FileRefused, match=said):
        checked_file(name, content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_taken_as_spreadsheets_save_it(encoding: str) -> None:
    content = "name;sum\r\nMüller – Söhne;5 €\r\n".encode(encoding)
    assert checked_file("table.csv", content) == ("table.csv", "csv")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/Offer.PDF", "Offer.pdf"),
        ("C:\\mail\\Angebot für März.pdf", "Angebot für März.pdf"),
        ('a"b;\r\n.pdf', "a_b___.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_name_is_kept_without_what_could_do_harm(name: str, kept: str) -> None:
    assert checked_file(name, PDF) == (kept, "pdf")


def test_a_file_is_attached_sent_and_listed_as_evidence(
    alder: Client, alice: Actor, bob: Actor, browse: Browse
) -> None:
    request = propose(bob, alder)
    before = request.content_hash
    engineer, client = browse(actors.BOB), browse(actors.HEIDI)
    page = engineer.post(
        f"/changes/{request.pk}/files/",
        {"file": SimpleUploadedFile("<b>.pdf", PDF)},
        follow=True,
    ).content.decode()
    assert "_b_.pdf" in page
    assert (
        "Choose a file first."
        in engineer.post(f"/changes/{request.pk}/files/", follow=True).content.decode()
    )
    answer = client.get(f"/approvals/{request.pk}/files/1/")
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]  # a file
    assert answer["Content-Disposition"] == 'attachment; filename="_b_.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"
    assert browse(actors.MALLORY).get(f"/approvals/{request.pk}/files/1/").status_code == 404
    request.refresh_from_db()
    assert request.content_hash == before
    digest = hashlib.sha256(PDF).hexdigest()
    entry = AuditEntry.objects.get(action="change.attached")
    assert entry.after is not None
    assert entry.after["sha256"] == digest
    now = timezone.now()
    told = collect(alice, Period(now - timedelta(hours=1), now + timedelta(minutes=1)))
    assert told.stories[0].files[0][:3] == ("_b_.pdf", str(len(PDF)), digest)
    Attachment.objects.update(content=b"%PDF- another")
    with pytest.raises(BadTransition, match="altered in the database"):
        open_attachment(bob, request.pk, 1)
    assert engineer.get(f"/changes/{request.pk}/files/1/").status_code == 409


def test_only_who_takes_part_attaches_and_only_while_it_is_open(
    alder: Client, bob: Actor, actor: Callable[..., Actor]
) -> None:
    request = propose(bob, alder)
    for _ in range(MOST_OF_ONE):
        attach(bob, request.pk, name="a.txt", content=b"a")
    with pytest.raises(InvalidProposal, match="You have attached 5 files"):
        attach(bob, request.pk, name="a.txt", content=b"a")
    for _ in range(MOST_FILES - MOST_OF_ONE):
        Attachment.objects.update(by_label="somebody else")
        attach(bob, request.pk, name="a.txt", content=b"a")
    with pytest.raises(InvalidProposal, match="20 files at most"):
        attach(actor(actors.ALICE), request.pk, name="a.txt", content=b"a")
    with pytest.raises(NotPermitted):
        attach(actor(actors.FRANK), request.pk, name="a.txt", content=b"a")
    changes.withdraw(bob, request.pk)
    with pytest.raises(BadTransition, match="closed"):
        attach(bob, request.pk, name="a.txt", content=b"a")
