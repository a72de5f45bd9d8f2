"""Anchors in further places: a bucket, a time stamp authority, mail. None of them stops another."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as product
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from config.env import AnchorBucket, TimeStamps, anchor_bucket, time_stamps
from governance import anchors as folder
from governance import object_storage
from governance.actors import Actor
from governance.models import AuditEntry, ChangeRequest, Window
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
from tests.fakes.outside import Outside
from tests.governance.anchoring import note, places, sealed
from tests.governance.governed import approve
from tests.posted import posted

pytestmark = pytest.mark.usefixtures("anchors", "at_home")
Browse = Callable[..., Browser]


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
    assert any(place.startswith("time stamp of") for place in places())
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
