"""Evidence for an auditor: the whole story of every change, and who could do what."""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from branding.models import EvidenceReport
from branding.pdf.evidence import evidence_html
from branding.services.identity import current_identity
from branding.services.report_drawing import draw_due
from governance import correlation
from governance import evidence as shapes
from governance.actors import Actor, task_actor
from governance.evidence import Evidence, Period, Verification
from governance.models import AuditEntry, ChangeRequest
from governance.services import changes
from governance.services.evidence import collect
from tenants.accounts.evidence import access_review
from tenants.accounts.models import Client, RoleGrant, User
from tenants.accounts.services.people import set_active, set_roles
from tests import actors
from tests.governance.governed import Knob, approve, propose

pytestmark = pytest.mark.usefixtures("governed", "at_home")
Browse = Callable[..., Browser]


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def _now() -> Period:
    return Period(timezone.now() - timedelta(days=1), timezone.now() + timedelta(minutes=1))


def _sheets(content: bytes) -> dict[str, str]:
    """Return each sheet's text by its title, cells separated by bars."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        titles = re.findall(r'<sheet name="([^"]*)"', book.read("xl/workbook.xml").decode())
        made = {}
        for number, title in enumerate(titles, 1):
            text = book.read(f"xl/worksheets/sheet{number}.xml").decode()
            cells = re.findall(r'<t xml:space="preserve">(.*?)</t>', text, re.DOTALL)
            made[unescape(title)] = "|".join(unescape(cell) for cell in cells)
        return made


def _told(actor: Actor, period: Period) -> Evidence:
    return collect(actor, period)


def _fetched(browser: Browser, form: str) -> HttpResponse:
    """Ask for today's report at the page, let a worker draw it, and fetch it."""
    today = timezone.localdate()
    browser.post("/evidence/ask/", {"since": today, "until": today, "form": form})
    with correlation.scope(actor=task_actor("worker"), door="task"):
        assert draw_due() == 1
    answer = browser.get(f"/evidence/{EvidenceReport.objects.latest('id').pk}/")
    assert isinstance(answer, HttpResponse)
    return answer


def test_the_workbook_tells_the_story_of_every_change(
    alder: Client, alice: Actor, bob: Actor, carol: Actor, heidi: Actor, browse: Browse
) -> None:
    done = propose(bob, alder, "USD")
    approve(carol, done, "=HYPERLINK(1)")
    approve(heidi, done)
    refused = propose(bob, alder, "GBP")
    changes.reject(carol, refused.pk, comment="Too early.")
    browse(None, host="admin.northwind.localhost").post(
        "/sign-in/", {"email": actors.ALICE.email, "password": "wrong"}
    )
    answer = _fetched(browse(actors.FRANK), "xlsx")
    assert answer["Content-Disposition"].endswith('.xlsx"')
    sheets = _sheets(answer.content)
    assert "The two agree." in sheets["About"]
    assert f"{done.pk}|Bill Alder Consulting in USD" in sheets["Changes"]
    assert f"{refused.pk}|Bill Alder Consulting in GBP" in sheets["Changes"]
    for signer in ("Carol Diaz", "Heidi Brandt"):
        assert re.search(rf"{signer}[^|]*\|[^|]*\|[^|]*\|Counts\|Yes\|", sheets["Approvals"])
    assert "|=HYPERLINK(1)" in sheets["Approvals"], "a text, with nothing before it"
    assert "removed: currency: EUR" in sheets["What changed"]
    assert "Too early." in sheets["Steps"]
    assert actors.ALICE.email in sheets["Failed sign-ins"]
    assert "Integration engineer" in sheets["Access, who had which role when"[:31]]
    assert re.match(r"\d+ entries in \d+ seals", sheets["Check of the audit trail"])
    exported = AuditEntry.objects.get(action="evidence.exported")
    assert exported.after is not None
    assert exported.after["changes"] == 2
    assert exported.after["sha256"] == hashlib.sha256(answer.content).hexdigest()


def test_the_paper_bears_the_brand_and_the_check_of_the_trail(
    alder: Client,
    alice: Actor,
    bob: Actor,
    carol: Actor,
    browse: Browse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    approve(carol, propose(bob, alder, money=False), "<b>fine</b>")
    monkeypatch.setattr(
        shapes, "_checks", [lambda period: Verification(ok=False, lines=["Entry 7 was altered."])]
    )
    html = evidence_html(_told(alice, _now()), current_identity())
    assert "Northwind Ops" in html
    assert "Bill Alder Consulting in USD" in html
    assert "Bob Tran" in html
    assert "&lt;b&gt;fine&lt;/b&gt;" in html
    assert '<p class="warn">Entry 7 was altered.</p>' in html
    monkeypatch.setattr(
        "branding.pdf.evidence.draw_pdf", lambda html, css, given: b"%PDF-" + html.encode()
    )
    answer = _fetched(browse(actors.ALICE), "pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert "Bill Alder Consulting in USD" in answer.content.decode()


def test_a_period_that_makes_no_sense_is_named(alice: Actor, browse: Browse) -> None:
    owner = browse(actors.ALICE)
    for since, until, said in (
        ("2026-11-02", "2026-11-01", "before the first"),
        ("2024-01-01", "2026-01-01", "At most 400 days"),
        ("x", "2026-01-01", "valid date"),
    ):
        asked = {"since": since, "until": until, "form": "pdf"}
        assert said in owner.post("/evidence/ask/", asked).content.decode()
    assert not EvidenceReport.objects.exists()


def test_a_request_that_vanished_from_the_table_is_told(
    alder: Client, alice: Actor, bob: Actor
) -> None:
    request = propose(bob, alder)
    gone = request.pk
    ChangeRequest.objects.filter(pk=gone).delete()
    assert f"DISAGREE about the requests {gone}." in _told(alice, _now()).population[-1]


def test_roles_are_told_with_their_time_and_a_grant_behind_our_back_is_found(
    alice: Actor, governed: Knob
) -> None:
    dave = User.objects.get(email=actors.DAVE.email)
    with correlation.scope(actor=alice, door="admin"):
        set_roles(alice, dave, ["approver"])
        set_active(alice, dave, active=False)
    section = access_review(_now())
    rows = {(row[1], row[3]): row for row in section.rows}
    was = rows[actors.DAVE.email, "Support agent"]
    assert was[6] != "Held at the end"
    assert was[7].startswith("Alice Moreau")
    closed = rows[actors.DAVE.email, "Approver"]
    assert (closed[5].split(" <")[0], closed[7].split(" <")[0]) == ("Alice Moreau",) * 2
    assert rows[actors.BOB.email, "Integration engineer"][6] == "Held at the end"
    assert "It agrees with the roles that are granted now." in section.note
    erin = User.objects.get(email=actors.ERIN.email)
    RoleGrant.objects.create(user=erin, role="owner")
    assert "DISAGREES" in access_review(_now()).note
    assert "Erin Walsh (Owner)" in access_review(_now()).note
