"""Anchors in further places: a bucket, a time stamp authority, mail. None of them stops another."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings as product
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from config.env import AnchorBucket, TimeStamps, anchor_bucket, time_stamps
from governance import anchors as folder
from governance import object_storage
from governance.actions import CHANGE_PROPOSED
from governance.actors import Actor
from governance.models import AuditAnchor, AuditEntry, ChangeRequest, Window
from governance.services import audit
from governance.services.proofs import span_of, write_proof
from governance.services.verifying import verify_trail
from syncjobs import tasks
from syncjobs.engine.doorbell import sweep_outside
from tenants.accounts.models import Client
from tenants.context import public_scope
from tenants.models import Partner, TrailMark
from tenants.outside_marks import due_outside
from tenants.services.diagnosis.anchors import check_anchor_places
from tenants.services.outside import anchor_outside, standings, told_outside
from tenants.services.trails import seal_here
from tests import actors
from tests.fakes.outside import Outside, outside_server
from tests.governance.governed import approve
from tests.posted import posted

pytestmark = pytest.mark.usefixtures("anchors", "at_home")
Browse = Callable[..., Browser]


@pytest.fixture(scope="module")
def server() -> Iterator[Outside]:
    """One server for all tests here."""
    with outside_server() as outside:
        yield outside


@pytest.fixture
def outside(server: Outside) -> Outside:
    """The server as it begins: empty and well."""
    server.objects.clear()
    server.lock, server.refuse, server.stamp, server.asked = True, "", "right", 0
    return server


@pytest.fixture
def bucket(outside: Outside, settings: Settings) -> Iterator[AnchorBucket]:
    """The bucket, set up."""
    settings.ANCHOR_BUCKET = AnchorBucket(
        name="trail",
        prefix="a/",
        endpoint=outside.url,
        region="eu-central-1",
        key_id="key",
        secret="not a secret",
        lock_days=30,
        lock_mode="COMPLIANCE",
    )
    object_storage.forget_clients()
    yield settings.ANCHOR_BUCKET
    object_storage.forget_clients()


@pytest.fixture
def authority(outside: Outside, settings: Settings, tmp_path: Path) -> TimeStamps:
    """The authority, set up and trusted."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(outside.authority.root.certificate.public_bytes(Encoding.PEM))
    made = TimeStamps(url=f"{outside.url}/tsa", roots=str(roots), minutes=60)
    settings.TIMESTAMPS = made
    return made


def note() -> None:
    audit.record_many([audit.EntryDraft(CHANGE_PROPOSED, "lamp", 1)])


def sealed() -> None:
    note()
    # Whatever other tests have anchored a moment ago.
    assert seal_here(anchor_every=timedelta(0)) >= 1


def _places() -> set[str]:
    return set(AuditAnchor.objects.values_list("place", flat=True))


def test_a_bucket_gets_each_anchor_as_a_locked_object(
    northwind: Partner, outside: Outside, bucket: AnchorBucket
) -> None:
    sealed()
    with public_scope():
        assert northwind.schema_name in sweep_outside()
        assert northwind.schema_name not in due_outside(), "it is rung for"
        assert tasks.anchor_outside([northwind.schema_name]).startswith("1 anchors")
    ((path, (content, headers)),) = outside.objects.items()
    assert path.startswith(f"/trail/a/{northwind.schema_name}/")
    assert headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert headers["x-amz-object-lock-retain-until-date"] > timezone.now().isoformat()
    line = json.loads(content)
    assert json.loads(line["statement"])["trail"] == northwind.schema_name
    (own,) = [one for one in standings() if one[0].name == object_storage.NAME]
    assert own[1].failing == 0
    assert anchor_outside() == 0, "nothing new"
    sealed()
    with public_scope():
        mark = TrailMark.objects.get(pk=northwind.schema_name)
        assert mark.outside_due_at is not None
        assert mark.outside_due_at > timezone.now(), "at its own pace"
    assert anchor_outside(now=True) == 1
    assert len(outside.objects) == 2


def test_a_bucket_without_a_lock_is_used_and_said(
    northwind: Partner, outside: Outside, bucket: AnchorBucket
) -> None:
    outside.lock = False
    sealed()
    assert anchor_outside() == 1
    ((_, headers),) = outside.objects.values()
    assert "x-amz-object-lock-mode" not in headers
    (said,) = check_anchor_places()
    assert (said.level, "without Object Lock" in said.seen) == ("warn", True)


def test_a_place_that_fails_stops_neither_the_others_nor_sealing_and_is_tried_again(
    northwind: Partner,
    brightbridge: Partner,
    outside: Outside,
    bucket: AnchorBucket,
    authority: TimeStamps,
    browse: Browse,
) -> None:
    outside.refuse = "AccessDenied"
    for partner in (brightbridge, northwind):
        connection.set_tenant(partner)  # type: ignore[attr-defined]  # the tenant backend's
        sealed()
    with public_scope():
        tasks.anchor_outside([northwind.schema_name, brightbridge.schema_name])
    assert outside.asked == 1, "it is not asked again for every partner"
    assert any(place.startswith("time stamp of") for place in _places())
    (failing,) = [one for sink, one in standings() if one.failing]
    assert failing.said == "The object storage refused it (AccessDenied)."
    assert told_outside()["anchors_failing"] == 1
    assert "nothing since" in next(check_anchor_places()).seen
    page = browse(actors.ALICE).get("/changes/audit/proof/").content.decode()
    assert "Fails" in page
    assert failing.said in page
    outside.refuse = ""
    with public_scope():
        mark = TrailMark.objects.get(pk=northwind.schema_name)
    assert mark.outside_due_at is not None
    assert 0 < (mark.outside_due_at - timezone.now()).total_seconds() <= 60
    assert anchor_outside(now=True) == 1
    assert told_outside()["anchors_failing"] == 0


def test_a_place_that_worked_here_and_failed_for_another_trail_has_its_pause(
    northwind: Partner, outside: Outside, bucket: AnchorBucket
) -> None:
    sealed()
    assert anchor_outside() == 1
    sealed()
    asked, later = outside.asked, timezone.now() + timedelta(days=1)
    with time_machine.travel(later, tick=False):
        assert anchor_outside({object_storage.NAME}) == 0
        assert anchor_outside() == 0, "not within the pause"
    assert outside.asked == asked
    with public_scope():
        mark = TrailMark.objects.get(pk=northwind.schema_name)
    # The database has its own clock.
    assert mark.outside_due_at is not None
    assert 0 < (mark.outside_due_at - timezone.now()).total_seconds() <= 60
    with time_machine.travel(later + timedelta(minutes=2), tick=False):
        assert anchor_outside() == 1
    assert [(one.failing, one.next) for _, one in standings()] == [(0, 0)]


def test_a_bucket_that_is_gone_is_told_in_plain_words(
    northwind: Partner, bucket: AnchorBucket, settings: Settings
) -> None:
    settings.ANCHOR_BUCKET = replace(bucket, endpoint="http://127.0.0.1:9")
    object_storage.forget_clients()
    sealed()
    assert anchor_outside() == 0
    (standing,) = [one for _, one in standings()]
    assert standing.said == "The object storage could not be reached."


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LIVERY_ANCHOR_LOCK_MODE", "FOREVER", "COMPLIANCE or GOVERNANCE"),
        ("LIVERY_ANCHOR_ENDPOINT", "s3.example.com", "https://s3.example.com"),
        ("LIVERY_ANCHOR_KEY_ID", "half", "Set both"),
        ("LIVERY_ANCHOR_LOCK_DAYS", "-1", "0 or more"),
        ("LIVERY_TIMESTAMP_URL", "ftp://tsa", "https://tsa.example.com"),
        ("LIVERY_TIMESTAMP_MINUTES", "0", "1 or more"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=said):
        _ = anchor_bucket(), time_stamps()


def test_a_folder_that_fails_does_not_stop_the_others(
    northwind: Partner,
    outside: Outside,
    bucket: AnchorBucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: object) -> str:
        raise OSError("read only")

    monkeypatch.setattr(folder, "append_line", fail)
    note()
    with pytest.raises(OSError, match="read only"):
        seal_here(anchor_every=timedelta(0))
    with public_scope():
        assert northwind.schema_name in due_outside()
    assert anchor_outside() == 1


def test_a_time_stamp_goes_into_the_proof_and_the_offline_check_looks_at_it(
    northwind: Partner, alice: Actor, outside: Outside, authority: TimeStamps, tmp_path: Path
) -> None:
    sealed()
    assert anchor_outside() == 1
    report = verify_trail()
    assert report.holds, report.findings
    archive = io.BytesIO()
    write_proof(alice, archive, span_of())
    place = tmp_path / "proof"
    zipfile.ZipFile(archive).extractall(place)
    told = sorted(one.name for one in (place / "timestamps").iterdir())
    assert [name[6:] for name in told] == [".tsr", ".txt"]
    assert "1 of the anchors bear a time stamp" in _check(place, 0)
    # The stamp of one anchor with the text of another, all else as it was.
    name = folder.path_of(northwind.schema_name)
    lines = [json.loads(line) for line in name.read_text().splitlines()]
    stamp = next(line["timestamp"] for line in lines if "timestamp" in line)
    swapped = [{**line, "timestamp": stamp} for line in lines]
    text = "".join(json.dumps(line) + "\n" for line in swapped)
    (place / "anchors.jsonl").write_text(text)
    assert "is of another text" in _check(place, 1)
    name.write_text(text)
    assert "is of another text" in str(verify_trail().findings[0])


def test_what_somebody_wrote_among_the_anchors_does_not_end_the_check(northwind: Partner) -> None:
    sealed()
    name = folder.path_of(northwind.schema_name)
    line = json.loads(name.read_text().splitlines()[-1])
    number = json.loads(line["statement"])["seal"]
    own = Ed25519PrivateKey.generate()
    told = {"trail": northwind.schema_name, "seal": number, "at": 1.0}
    text = json.dumps({**told, "key": own.public_key().public_bytes_raw().hex()})
    written = [
        {"statement": text, "signature": own.sign(text.encode()).hex()},
        *({**line, "timestamp": stamp} for stamp in (5, {"of": "time"}, "ä")),
    ]
    with name.open("a") as anchors:
        anchors.writelines(json.dumps(one) + "\n" for one in written)
    report = verify_trail()
    found = [one.text for one in report.findings]
    assert found[:2] == [f"The time stamp of seal {number} is no time stamp."] * 2
    assert "or was altered" in found[2]
    assert any("can't be read" in note for note in report.notes)


def _check(place: Path, code: int) -> str:
    done = subprocess.run(
        [sys.executable, str(place / "verify_audit.py")], capture_output=True, check=False
    )
    assert done.returncode == code, done.stdout.decode()
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        ("other", "not by an authority that is trusted"),
        ("nonsense", "is no time stamp"),
        ("gone", "answered 503"),
    ],
)
def test_a_stamp_that_is_not_right_is_not_kept(
    northwind: Partner, outside: Outside, authority: TimeStamps, stamp: str, said: str
) -> None:
    outside.stamp = stamp
    sealed()
    assert anchor_outside() == 0
    (standing,) = [one for _, one in standings()]
    assert said in standing.said
    assert "timestamp" not in folder.path_of(northwind.schema_name).read_text()


def test_the_authority_is_asked_itself_and_its_password_stays_out_of_the_log(
    northwind: Partner,
    outside: Outside,
    authority: TimeStamps,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    secret = authority.url.replace("//", "//me:hush@") + "?key=hush"
    settings.TIMESTAMPS = replace(authority, url=secret)
    sealed()
    assert anchor_outside() == 1
    outside.stamp = "gone"
    sealed()
    assert anchor_outside(now=True) == 0
    assert "127.0.0.1 answers 503" in caplog.text
    settings.TIMESTAMPS = replace(authority, url="http://me:hush@127.0.0.1:9/tsa?key=hush")
    assert anchor_outside(now=True) == 0
    assert "127.0.0.1 cannot be reached: ConnectionError" in caplog.text
    said = " ".join(one.seen for one in check_anchor_places())
    assert "time stamps of 127.0.0.1, checked" in said
    assert "hush" not in caplog.text + said


def test_a_stamp_by_somebody_else_is_refused_where_roots_are_named(
    northwind: Partner, outside: Outside, authority: TimeStamps, tmp_path: Path, settings: Settings
) -> None:
    from tests.fakes.outside import certified

    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(certified("Root of time").certificate.public_bytes(Encoding.PEM))
    settings.TIMESTAMPS = replace(authority, roots=str(stranger))
    sealed()
    assert anchor_outside() == 0
    settings.TIMESTAMPS = replace(authority, roots="")
    assert anchor_outside(now=True) == 1, "without roots only the text and the number are checked"
    assert "without a check of who signed" in next(check_anchor_places()).seen
    outside.stamp = "other"
    sealed()
    assert anchor_outside(now=True) == 0


def test_who_gets_the_mail_is_governed_and_taking_it_away_weakens(
    northwind: Partner, alder: Client, alice: Actor, carol: Actor, browse: Browse
) -> None:
    # It reaches no client: a freeze of one does not hold it.
    begun = timezone.now() - timedelta(hours=1)
    Window.objects.create(name="Month end", mode="freeze", client_id=alder.pk, starts_at=begun)
    owner = browse(actors.ALICE)
    assert "Who gets it by mail" in owner.get("/changes/audit/proof/").content.decode()
    form = {"addresses": "Auditor@Example.com\n\ncfo@client.example", "reason": "They keep it."}
    wrong = owner.post("/evidence/mail/", {**form, "addresses": "nobody"}).content.decode()
    assert "“nobody” is not an e-mail address" in wrong
    owner.post("/evidence/mail/", form)
    asked = ChangeRequest.objects.get()
    assert not asked.weakens
    sealed()
    anchor_outside()
    assert not [one for one in posted() if "seal" in one.subject], "not before it is signed"
    assert approve(carol, asked).status == "applied"
    assert AuditEntry.objects.filter(action="anchor_mail.set").exists()
    seal_here()
    assert anchor_outside() == 1
    assert anchor_outside() == 0
    mails = {mail.to[0]: mail for mail in posted() if "seal" in mail.subject}
    assert set(mails) == {"auditor@example.com", "cfo@client.example"}
    line = next(
        one for one in str(mails["cfo@client.example"].body).splitlines() if one.startswith("{")
    )
    told = json.loads(json.loads(line)["statement"])
    assert told["trail"] == northwind.schema_name
    owner.post("/evidence/mail/", {**form, "addresses": "auditor@example.com"})
    assert ChangeRequest.objects.first().weakens  # type: ignore[union-attr]  # there is one


def test_nothing_is_called_where_no_place_is_set_up(northwind: Partner) -> None:
    assert not product.ANCHOR_BUCKET.name
    sealed()
    with public_scope():
        assert TrailMark.objects.get(pk=northwind.schema_name).outside_due_at is None
    assert list(check_anchor_places()) == []
