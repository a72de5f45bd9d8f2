"""Reports of evidence: asked for at the page, drawn by a worker, mailed once, kept for a while."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context
from pytest_django import Settings

from branding.models import EvidenceReport
from branding.papers import REPORTS, keep_file
from branding.pdf import PdfUnavailable, evidence_pdf
from branding.reports import Form
from branding.services import report_drawing
from branding.services.report_drawing import draw_due
from branding.services.reports import ask_report, fetch_report, forget_old_reports
from governance import correlation
from governance.actors import Actor, task_actor
from governance.errors import BadTransition, NotPermitted
from governance.evidence import Period
from governance.models import AuditEntry
from syncjobs.engine.doorbell import settle
from syncjobs.engine.drain import drain
from tenants.accounts.models import User
from tenants.models import Partner
from tests.actors import BOB, FRANK, HEIDI, Person
from tests.posted import posted

pytestmark = pytest.mark.usefixtures("at_home")
Browse = Callable[..., Browser]
ActorOf = Callable[[Person], Actor]


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def frank(northwind: Partner, actor: ActorOf) -> Actor:
    """The auditor."""
    return actor(FRANK)


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Papers are their HTML; returns those drawn so far."""
    drawn: list[str] = []

    def draw(html: str, css: str, given: object) -> bytes:
        drawn.append(html)
        return b"%PDF-" + html.encode()

    monkeypatch.setattr("branding.pdf.evidence.draw_pdf", draw)
    return drawn


def _asked(actor: Actor, form: Form = "pdf", days: int = 1) -> EvidenceReport:
    until = timezone.now() + timedelta(minutes=1)
    return ask_report(actor, Period(until - timedelta(days=days), until), form)


def _worked() -> int:
    with correlation.scope(actor=task_actor("worker"), door="task"):
        return draw_due()


def _files() -> list[str]:
    try:
        return sorted(default_storage.listdir(REPORTS)[1])
    except FileNotFoundError:
        return []


def _steps(report: EvidenceReport) -> list[str]:
    entries = AuditEntry.objects.filter(object_kind="evidence", object_id=str(report.pk))
    return list(entries.order_by("id").values_list("action", flat=True))


def test_the_worker_draws_what_was_asked_for_and_tells_once(
    frank: Actor, paper: list[str], browse: Browse, brightbridge: Partner
) -> None:
    auditor = browse(FRANK)
    today = f"{timezone.localdate():%Y-%m-%d}"
    asked = {"since": today, "until": today, "form": "pdf"}
    page = auditor.post("/evidence/ask/", asked, follow=True).content.decode()
    assert "You get a mail when it is ready." in page
    assert page.count(f'value="{today}"') == 2, "the other form is often wanted for the same days"
    assert 'hx-trigger="every ' in page
    again = auditor.post("/evidence/ask/", asked, follow=True).content.decode()
    assert "on its way already" in again
    report = EvidenceReport.objects.get()
    assert auditor.get(f"/evidence/{report.pk}/").status_code == 404
    assert settle() == 0
    with correlation.scope(actor=task_actor("worker"), door="task"):
        assert drain().reports == 1
        assert drain().reports == 0
    page = auditor.get("/evidence/").content.decode()
    assert "Download" in page
    assert "hx-trigger" not in page.partition('id="reports-live"')[2].partition("</section>")[0]
    answer = auditor.get(f"/evidence/{report.pk}/")
    assert b"Frank" in answer.content
    assert answer["Content-Type"] == "application/pdf"
    told = [mail for mail in posted() if "report" in mail.subject]
    assert [(mail.to, mail.subject) for mail in told] == [([FRANK.email], "Your report is ready")]
    assert "/evidence/" in str(told[0].body)
    assert _steps(report) == ["evidence.asked", "evidence.exported", "evidence.fetched"]
    # Who may not see the trail gets neither page nor file; another partner has no such report.
    assert browse(BOB).get(f"/evidence/{report.pk}/").status_code == 403
    assert browse(HEIDI).get(f"/evidence/{report.pk}/").status_code == 404
    with tenant_context(brightbridge):
        assert not EvidenceReport.objects.filter(pk=report.pk).exists()


def test_only_the_partners_own_people_ask(frank: Actor, actor: ActorOf) -> None:
    for person in (BOB, HEIDI):
        with pytest.raises(NotPermitted):
            _asked(actor(person))
    for days in range(1, 11):
        _asked(frank, days=days)
    with pytest.raises(BadTransition, match="10 reports are on their way"):
        _asked(frank, days=11)


def test_a_worker_killed_in_mid_draw_costs_a_part_and_makes_no_second_mail(
    frank: Actor, paper: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_drawing, "part_count", lambda evidence, form: 3)
    report = _asked(frank)
    plain = evidence_pdf

    def die(*args: object) -> bytes:
        if len(paper) == 1:
            raise KeyboardInterrupt  # what no boundary catches, as a kill
        return plain(*args)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(report_drawing, "evidence_pdf", die)
    with pytest.raises(KeyboardInterrupt):
        _worked()
    report.refresh_from_db()
    assert (report.state, report.parts_done, report.parts) == ("drawing", 1, 3)
    monkeypatch.setattr(report_drawing, "evidence_pdf", plain)
    assert _worked() == 0, "its lease still holds"
    late = EvidenceReport.objects.get(pk=report.pk)
    EvidenceReport.objects.update(due_at=timezone.now())
    assert _worked() == 1
    assert len(paper) == 3, "the first part was not drawn again"
    report.refresh_from_db()
    with zipfile.ZipFile(io.BytesIO(fetch_report(frank, report.pk)[1])) as archive:
        assert [f"part {number} of 3" in paper[number - 1] for number in (1, 2, 3)] == [True] * 3
        assert len(archive.namelist()) == 3
    assert _files() == [Path(report.file).name]
    # The one that was thought dead comes back with all parts: it is told nothing twice, and its
    # file takes no other's place.
    for number in (1, 2, 3):
        keep_file(report_drawing._part_name(late, number), b"late")
    with pytest.raises(report_drawing._Lost):
        report_drawing._finish(late)
    report_drawing._give_up(late, "late")
    assert fetch_report(frank, report.pk)[0].state == "ready"
    assert len([mail for mail in posted() if "report" in mail.subject]) == 1
    assert _steps(report).count("evidence.exported") == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [(ValueError("/secret/place"), "unexpected error"), (PdfUnavailable(), "Ask for the workbook")],
)
def test_what_cannot_be_drawn_is_said_in_plain_words(
    frank: Actor,
    browse: Browse,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    def fail(*args: object) -> bytes:
        raise error

    monkeypatch.setattr(report_drawing, "evidence_pdf", fail)
    report = _asked(frank)
    _worked()
    page = browse(FRANK).get("/evidence/").content.decode()
    assert said in page
    assert "secret" not in page
    (mail,) = (one for one in posted() if "report" in one.subject)
    assert mail.subject == "Your report could not be made"
    assert said in str(mail.body)
    assert _steps(report) == ["evidence.asked", "evidence.failed"]
    assert _files() == []
    assert _worked() == 0


def test_one_that_kills_every_worker_is_given_up(frank: Actor, paper: list[str]) -> None:
    report = _asked(frank)
    EvidenceReport.objects.update(starts=report_drawing.MOST_STARTS, state="drawing")
    assert _worked() == 0
    report.refresh_from_db()
    assert (report.state, report.due_at) == ("failed", None)
    assert "three times" in report.problem


def test_a_file_is_kept_for_a_while_and_never_another_one(
    frank: Actor, browse: Browse, settings: Settings
) -> None:
    report = _asked(frank, "xlsx")
    _worked()
    report.refresh_from_db()
    assert forget_old_reports() == 0
    Path(default_storage.path(report.file)).write_bytes(b"another")
    with pytest.raises(BadTransition, match="it was altered"):
        fetch_report(frank, report.pk)
    settings.REPORT_DAYS = 30
    EvidenceReport.objects.update(ended_at=timezone.now() - timedelta(days=31))
    assert forget_old_reports() == 1
    assert browse(FRANK).get(f"/evidence/{report.pk}/").status_code == 404
    assert "Kept for 30 days only" in browse(FRANK).get("/evidence/").content.decode()
    assert _steps(report)[-1] == "evidence.removed"


def test_who_lost_the_right_meanwhile_gets_no_mail(frank: Actor, paper: list[str]) -> None:
    report = _asked(frank)
    User.objects.get(email=FRANK.email).role_grants.all().delete()
    assert _worked() == 1
    report.refresh_from_db()
    assert report.state == "ready"
    assert not [one for one in posted() if "report" in one.subject]
