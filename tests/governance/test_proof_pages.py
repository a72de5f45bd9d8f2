"""The proof in both doors: how the trail stands, the check, the download."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.actions import CHANGE_PROPOSED
from governance.models import AuditEntry
from governance.services import audit
from governance.services.seals import seal_trail
from tenants.accounts.models import Client
from tenants.models import Partner
from tenants.services.trails import seal_here
from tests import actors
from tests.entries import entry_of_days_ago

pytestmark = pytest.mark.usefixtures("anchors")

Browse = Callable[..., Browser]
STAFF, PORTAL = "/changes/audit/proof/", "/audit/"


def _files(browser: Browser, address: str) -> dict[str, bytes]:
    answer = browser.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a file
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_staff_see_how_it_stands_and_check_it(northwind: Partner, browse: Browse) -> None:
    audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id=1)
    browser = browse(actors.FRANK)
    assert "Fingerprint of the key" in browser.get(STAFF).content.decode()
    with tenant_context(northwind):
        seal_here(anchor_every=timedelta(0))
    page = browser.post(f"{STAFF}check/").content.decode()
    assert "Everything is as it was sealed" in page
    assert "1 compared, all agree" in page
    with tenant_context(northwind):
        entry = AuditEntry.objects.get(action="audit.checked")
    assert entry.after["holds"] is True


def test_a_check_names_the_first_bad_entry_on_the_page(northwind: Partner, browse: Browse) -> None:
    with entry_of_days_ago(3):
        seal_trail()
        gone = AuditEntry.objects.get(object_id="x", door="code", object_kind="policy").pk
    page = browse(actors.ALICE).post(f"{STAFF}check/").content.decode()
    assert "Not as it was sealed" in page
    assert f"First: Entry {gone} is missing: it was deleted after it was sealed" in page


def test_a_client_gets_a_proof_of_its_own_entries_alone(
    northwind: Partner, alder: Client, birch: Client, browse: Browse
) -> None:
    for client in (alder, birch):
        audit.record(
            CHANGE_PROPOSED,
            object_kind="lamp",
            object_id=client.pk,
            object_label=f"canary {client.name}",
            client_id=client.pk,
        )
    files = _files(browse(actors.GRACE), f"{PORTAL}download/")
    everything = b"".join(files.values())
    assert b"canary Alder" in everything
    assert b"canary Birch" not in everything
    rows = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
    assert {row[12] for row in rows} == {json.loads(files["about.json"])["client"]}
    whole = _files(browse(actors.FRANK), f"{STAFF}download/")
    assert b"canary Birch" in whole["entries.jsonl"]


def test_a_time_without_seals_says_so(northwind: Partner, browse: Browse) -> None:
    browser = browse(actors.FRANK)
    answer = browser.get(f"{STAFF}download/?until=2020-01-01", follow=True)
    assert "Nothing was sealed in this time" in answer.content.decode()
    answer = browser.get(f"{STAFF}download/?since=2026-02-01&until=2026-01-01")
    assert "before the first one" in answer.content.decode()


@pytest.mark.parametrize("person", [actors.BOB, actors.DAVE])
def test_who_may_not_read_the_trail_gets_no_proof(
    northwind: Partner, browse: Browse, person: actors.Person
) -> None:
    browser = browse(person)
    assert browser.get(STAFF).status_code == 403
    assert browser.get(f"{STAFF}download/").status_code == 403
    assert browser.post(f"{STAFF}check/").status_code == 403
