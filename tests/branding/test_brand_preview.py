"""The editor's preview: the form as it would look, for those who manage the brand alone."""

import io
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from django.test import Client as Browser
from django_tenants.utils import tenant_context
from pytest_django import Settings

from branding.models import Brand
from branding.services import brand as service
from branding.services.brand import BrandValues
from governance.actors import command_actor
from tenants.models import Partner
from tests.actors import ALICE, BOB, GRACE
from tests.branding.test_brand_pages import FORM
from tests.branding.test_images import picture

Browse = Callable[..., Browser]
VIEWS = ("sign-in", "dashboard", "portal", "mail", "pdf")
PUBLIC = ("/sign-in/", "/theme.css", "/site.webmanifest", "/brand/social.png", "/favicon.ico")


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def _frames(html: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<iframe src="([^"]+)"', html)]


@pytest.mark.parametrize("view", VIEWS)
def test_each_page_follows_the_form_and_changes_nothing(
    browse: Browse, northwind: Partner, view: str
) -> None:
    before = list(Brand.objects.values())
    alice = browse(ALICE)
    changed = FORM | {"primary": "#b91c1c", "name": "Bright & Co", "view": view}
    frames = _frames(alice.get("/brand/preview/", changed).content.decode())
    assert len(frames) == (1 if view in ("mail", "pdf") else 2)
    for frame in frames:
        answer = alice.get(frame)
        page = answer.content.decode()
        assert "Bright &amp; Co" in page
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "<script" not in page
        for style in re.findall(r'href="(/brand/preview/[^"]+\.css[^"]*)"', page):
            assert "#b91c1c" in alice.get(unescape(style)).content.decode()
    with tenant_context(northwind):
        assert list(Brand.objects.values()) == before


def test_light_and_dark_are_side_by_side(browse: Browse, northwind: Partner) -> None:
    alice = browse(ALICE)
    light, dark = _frames(alice.get("/brand/preview/", FORM).content.decode())
    assert 'data-theme="light"' in alice.get(light).content.decode()
    assert 'data-theme="dark"' in alice.get(dark).content.decode()


def test_the_partners_words_and_forms_are_in_the_preview(
    browse: Browse, northwind: Partner
) -> None:
    form = FORM | {"noun_exception": "blocker", "noun_exceptions": "blockers", "locale": "de"}
    page = browse(ALICE).get("/brand/preview/dashboard/", form).content.decode()
    assert "Blockers" in page
    assert "18.240" in page
    assert "198.420,75" in page


def test_a_colour_that_cannot_be_read_is_corrected_and_the_editor_says_so(
    browse: Browse, northwind: Partner
) -> None:
    pane = browse(ALICE).get("/brand/preview/", FORM | {"primary": "#f59e0b"}).content.decode()
    said = re.search(r"#f59e0b cannot be read as text on a light page\. Links use (#\w{6})", pane)
    assert said
    assert f'fill="{said[1]}"' in pane
    assert "Below AA" not in pane


@pytest.mark.parametrize(
    "bad",
    [
        {"primary": "#f5"},
        {"primary": "red;}body{"},
        {"name": ""},
        {"name": "x" * 9000},
        {"name": "a\r\nb"},
        {"locale": "../x"},
        {"view": "<script>"},
    ],
)
def test_a_half_typed_or_hostile_form_shows_what_is_stored(
    browse: Browse, northwind: Partner, bad: dict[str, str]
) -> None:
    alice = browse(ALICE)
    pane = alice.get("/brand/preview/", FORM | bad)
    assert pane.status_code == 200
    page = alice.get(_frames(pane.content.decode())[0])
    assert "Northwind Ops" in page.content.decode()


def test_the_drafts_logo_is_in_the_preview_before_anybody_else_sees_it(
    browse: Browse, northwind: Partner
) -> None:
    upload = io.BytesIO(picture("PNG"))
    upload.name = "logo.png"
    alice = browse(ALICE)
    pane = alice.post("/brand/", FORM | {"logo_file": upload}, follow=True).content.decode()
    page = alice.get(_frames(pane)[0]).content.decode()
    (address,) = set(re.findall(r'src="(/brand/preview/logo\.png\?v=[0-9a-f]+)"', page))
    assert alice.get(address).headers["Content-Type"] == "image/png"
    assert browse(None).get("/brand/logo.png").status_code == 404
    assert browse(BOB).get(address).status_code == 403


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_pages_never_show_a_draft(
    browse: Browse, northwind: Partner, address: str
) -> None:
    before = browse(None).get(address).content
    with tenant_context(northwind):
        values = BrandValues(name="Secret Rename", primary="#b91c1c", sign_in_text="Soon.")
        service.edit_brand(command_actor("tests"), values)
    forged = browse(None).get(address, {"name": "Secret Rename", "primary": "#b91c1c", "v": "x"})
    for content in (forged.content, browse(None).get(address).content):
        assert b"Secret" not in content
        assert b"#b91c1c" not in content
        assert len(content) == len(before)


@pytest.mark.parametrize("view", VIEWS)
def test_the_preview_is_for_those_who_manage_the_brand(
    browse: Browse, northwind: Partner, view: str
) -> None:
    address = f"/brand/preview/{view}/"
    assert browse(BOB).get(address).status_code == 403
    assert browse(GRACE).get(address).status_code == 404
    assert browse(None, host="admin.northwind.localhost").get(address).status_code == 302
    assert browse(ALICE).get("/brand/preview/nothing/").status_code == 404


def test_the_history_names_who_and_what_and_goes_back(browse: Browse, northwind: Partner) -> None:
    alice = browse(ALICE)
    alice.post("/brand/", FORM)
    alice.post("/brand/publish/")
    alice.post("/brand/", FORM | {"primary": "#b91c1c"})
    alice.post("/brand/publish/")
    page = alice.get("/brand/history/").content.decode()
    assert "Alice Moreau" in page
    assert "Main colour" in page
    with tenant_context(northwind):
        teal = Brand.objects.get(state="retired", primary="#0f766e")
    answer = alice.post(f"/brand/history/{teal.pk}/revert/", follow=True).content.decode()
    assert "Published again as a new version" in answer
    with tenant_context(northwind):
        assert Brand.objects.get(state="live").primary == "#0f766e"
        assert Brand.objects.count() == 4
    assert alice.post("/brand/history/999999/revert/").status_code == 404
    assert browse(BOB).post(f"/brand/history/{teal.pk}/revert/").status_code == 403
