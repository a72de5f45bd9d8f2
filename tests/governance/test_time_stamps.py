"""Time stamps of anchors by an authority of its own: kept, checked, and refused when wrong."""

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from pytest_django import Settings

from config.env import TimeStamps
from governance import anchors as folder
from governance.actors import Actor
from governance.services.proofs import span_of, write_proof
from governance.services.verifying import verify_trail
from tenants.models import Partner
from tenants.services.diagnosis.anchors import check_anchor_places
from tenants.services.outside import anchor_outside, standings
from tests.fakes.outside import Outside
from tests.governance.anchoring import sealed

pytestmark = pytest.mark.usefixtures("anchors", "at_home")


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
