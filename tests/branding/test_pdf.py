"""Statements as PDF: what is on them, what is not, and a machine that cannot draw them."""

import io
import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone
from django_q.models import OrmQ
from django_tenants.utils import tenant_context
from PIL import Image
from pytest_django import Settings

from branding import papers
from branding.commercial.months import Month
from branding.images import ImageRefused, redraw_logo
from branding.models import Statement
from branding.pdf import PdfUnavailable, paper_of, statement_html, statement_pdf
from branding.pdf.drawing import draw_pdf
from branding.services.brand import BrandValues
from branding.services.brand_changes import set_up_brand
from branding.services.identity import current_identity, forget_identity
from branding.services.papers import standing, statement_order
from branding.services.statements import issue_statement
from branding.storage import keep_picture
from branding.tasks import draw_queued, draw_statement
from tenants.accounts.models import Client
from tenants.heartbeats import beat
from tenants.models import Heartbeat, Partner
from tests.actors import ALICE, BOB, GRACE, IVAN, MALLORY
from tests.at_home import page_url
from tests.branding.commerce import BUILDER, make_tier, put_on, used
from tests.branding.test_images import picture

pytestmark = pytest.mark.usefixtures("november", "at_home")
Browse = Callable[..., Browser]


@pytest.fixture(scope="module")
def pango() -> None:
    """For tests that draw: skips them where the library's shared parts are missing."""
    try:
        draw_pdf("<p>x</p>", "", {})
    except PdfUnavailable:
        pytest.skip("Pango is not on this machine")


needs_pango = pytest.mark.usefixtures("pango")


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def issued(alder: Client) -> Statement:
    """Alder's statement of October, over Northwind's teal brand with a logo. The queue is empty
    and no worker was heard of, whatever the tests of real workers left behind."""
    OrmQ.objects.all().delete()
    Heartbeat.objects.all().delete()
    brand = BrandValues(
        name="Northwind Ops", primary="#0f766e", terms_url="https://n.example/terms"
    )
    set_up_brand(BUILDER, brand, logo=picture("PNG"))
    forget_identity()
    put_on(alder, make_tier(), date(2026, 10, 1))
    used(alder, date(2026, 10, 12), 4160)
    return issue_statement(BUILDER, alder, Month(2026, 10))


def _plain(pdf: bytes) -> bytes:
    """The file with its streams unpacked, to look for what must not be in it."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    unpacked = []
    for stream in streams:
        try:
            unpacked.append(zlib.decompress(stream))
        except zlib.error:
            unpacked.append(stream)
    return pdf + b"".join(unpacked)


@needs_pango
def test_staff_and_the_client_get_the_statement_as_a_file(
    browse: Browse, issued: Statement
) -> None:
    assert draw_statement("p_northwind", issued.number).endswith("drawn")
    for person, door in ((ALICE, "admin"), (GRACE, "portal")):
        answer = browse(person).get(page_url("statement_pdf", issued.number, door=door))
        assert answer.headers["Content-Type"] == "application/pdf"
        assert 'filename="statement-1.pdf"' in answer.headers["Content-Disposition"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.content.startswith(b"%PDF")
        assert b"/Subtype /Image" in answer.content


def _pale(size: tuple[int, int]) -> bytes:
    """A white mark on a clear ground: nothing to be seen on paper."""
    drawn = Image.new("RGBA", size, (255, 255, 255, 0))
    drawn.paste((255, 255, 255, 255), (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    kept = io.BytesIO()
    drawn.save(kept, "PNG")
    return kept.getvalue()


@needs_pango
def test_a_white_logo_stands_on_a_dark_plate_on_paper_too(issued: Statement) -> None:
    plain = statement_html(paper_of(issued, current_identity()))
    assert "on-dark" not in plain
    set_up_brand(BUILDER, BrandValues(name="Pale", primary="#0f766e"), logo=_pale((400, 200)))
    forget_identity()
    client_logo = keep_picture(redraw_logo(_pale((300, 120))))
    identity = replace(current_identity(), client_logos={issued.client_id: client_logo})
    paper = paper_of(issued, identity)
    assert statement_html(paper).count('<img class="on-dark"') == 2
    pdf = _plain(statement_pdf(paper, issued.client_id))
    # The plate's own colour is drawn, which nothing else on the paper has.
    plate = rb"0\.0?90\d* 0?\.098\d* 0?\.109\d* rg"
    assert re.search(plate, pdf), re.findall(rb"[\d. ]+ rg", pdf)[:9]
    identity = replace(identity, logo_ground="", client_logos={})
    assert not re.search(plate, _plain(statement_pdf(paper_of(issued, identity))))


@needs_pango
def test_the_file_names_the_brand_and_neither_us_nor_a_library(
    browse: Browse, issued: Statement
) -> None:
    draw_statement("p_northwind", issued.number)
    pdf = browse(ALICE).get(page_url("statement_pdf", issued.number)).content
    content = _plain(pdf)
    assert b"Northwind Ops" in content
    assert b"Statement 1, October 2026" in content
    for trace in (b"livery", b"weasy", b"pydyf", b"django", b"/Producer", b"/Creator", b"/tmp/"):
        assert trace.lower() not in content.lower()


@needs_pango
def test_a_document_fetches_nothing() -> None:
    html = (
        '<img src="file:///etc/passwd"><img src="http://127.0.0.1:1/x.png">'
        '<link rel="attachment" href="file:///etc/passwd">'
        '<link rel="stylesheet" href="file:///etc/passwd"><p>Kept</p>'
    )
    css = '@import url("http://127.0.0.1:1/x.css"); p { background: url(file:///etc/passwd) }'
    content = _plain(draw_pdf(html, css, {}))
    assert b"root:" not in content
    assert b"EmbeddedFile" not in content


@needs_pango
def test_drawing_does_not_make_uploads_be_judged_less_strictly() -> None:
    draw_pdf("<p>x</p>", "", {})
    noise = io.BytesIO()
    Image.effect_noise((300, 200), 90).save(noise, "PNG")
    with pytest.raises(ImageRefused, match="cut off"):
        redraw_logo(noise.getvalue()[:20_000])


@pytest.mark.parametrize(
    ("locale", "total", "day"),
    [
        ("en-gb", "1,357.50", "21 Nov 2026"),
        ("de-de", "1.357,50", "21.11.2026"),
        ("fr-fr", "1\u202f357,50", "21/11/2026"),
    ],
)
def test_the_paper_is_in_the_clients_forms(
    issued: Statement, locale: str, total: str, day: str
) -> None:
    Client.objects.filter(pk=issued.client_id).update(locale=locale)
    kept = Statement.objects.select_related("client").get(pk=issued.pk)
    html = statement_html(paper_of(kept, current_identity()))
    assert total in html
    assert day in html
    assert "https://n.example/terms" in html


def test_another_clients_file_is_not_found(browse: Browse, issued: Statement) -> None:
    address = page_url("statement_pdf", issued.number, door="portal")
    assert browse(MALLORY).get(address).status_code == 404
    assert browse(IVAN).get(address).status_code == 403
    assert browse(BOB).get(page_url("statement_pdf", issued.number)).status_code == 403


def test_a_file_that_is_not_drawn_yet_is_waited_for_and_not_drawn_by_the_request(
    browse: Browse, issued: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> bytes:
        raise AssertionError("drawn in a request")

    monkeypatch.setattr("branding.tasks.statement_pdf", fail)
    OrmQ.objects.all().delete()
    address = page_url("statement_pdf", issued.number, door="portal")
    page = browse(GRACE).get(address).content.decode()
    assert "Nothing makes PDFs at the moment" in page  # no worker was ever heard of
    assert [row.func() for row in OrmQ.objects.all()] == ["branding.tasks.draw_statement"]
    beat("tests")
    page = browse(GRACE).get(address).content.decode()
    assert "The PDF is being made" in page
    assert 'hx-trigger="every 1s"' in page
    assert OrmQ.objects.count() == 1  # rung for once, not at every look
    monkeypatch.setattr("branding.tasks.statement_pdf", lambda *_: b"%PDF-drawn")
    assert draw_queued() == 1
    assert OrmQ.objects.count() == 0
    looked = browse(GRACE).get(address, headers={"HX-Request": "true"}).content.decode()
    assert "The PDF is ready" in looked
    assert "hx-trigger" not in looked.split('id="paper"')[1]
    assert browse(GRACE).get(address).content == b"%PDF-drawn"


def test_issuing_rings_for_the_file_and_two_partners_files_lie_apart(
    issued: Statement, brightbridge: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [row.args() for row in OrmQ.objects.all()] == [("p_northwind", issued.number)]
    monkeypatch.setattr("branding.tasks.statement_pdf", lambda *_: b"%PDF-northwind")
    draw_queued()
    with tenant_context(brightbridge):
        assert standing(statement_order(issued)).content is None
    assert draw_statement("p_brightbridge", issued.number).endswith("no statement 1")


def test_drawing_that_fails_is_said_and_tried_again_later(
    browse: Browse, issued: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> bytes:
        raise ValueError("/secret/place")

    monkeypatch.setattr("branding.tasks.statement_pdf", fail)
    assert draw_statement("p_northwind", issued.number).endswith("failed")
    address = page_url("statement_pdf", issued.number)
    page = browse(ALICE).get(address, follow=True).content.decode()
    assert "This PDF could not be made." in page
    assert "secret" not in page
    monkeypatch.setattr(papers, "NOTE_KEPT", timedelta(days=-1000))
    assert "at the moment" in browse(ALICE).get(address).content.decode()


def test_a_machine_without_what_drawing_needs_says_so_on_the_page(
    browse: Browse, issued: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    browse(ALICE).get("/brand/preview/statement.pdf")  # rings
    assert draw_queued() == 2
    for person, door in ((ALICE, "admin"), (GRACE, "portal")):
        address = page_url("statement_pdf", issued.number, door=door)
        page = browse(person).get(address, follow=True).content.decode()
        assert "A PDF can&#x27;t be made here at the moment." in page
        assert "1,357.50" in page
        assert "pango" not in page.lower()
    draft = browse(ALICE).get("/brand/preview/statement.pdf", follow=True).content.decode()
    assert "A PDF can&#x27;t be made here" in draft


@needs_pango
def test_the_preview_is_drawn_by_the_worker_in_the_brand_of_the_form(
    browse: Browse, issued: Statement
) -> None:
    OrmQ.objects.all().delete()
    address = "/brand/preview/statement.pdf?name=Tomorrow&primary=%230f766e"
    assert "PDF" in browse(ALICE).get(address).content.decode()
    assert draw_queued() == 1
    assert b"Tomorrow" in _plain(browse(ALICE).get(address).content)
    assert papers.forget_previews() == 0
    with time_machine.travel(timezone.now() + timedelta(days=400)):
        assert papers.forget_previews() >= 1
    assert not browse(ALICE).get(address).content.startswith(b"%PDF")
    assert browse(ALICE).get(page_url("statement_pdf", issued.number)).status_code == 200
