"""What a partner's hosts serve of its brand, and the brand editor."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from allauth.core.internal.ratelimit import respond_429
from django.test import Client as Browser
from django_tenants.utils import tenant_context
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from branding.models import Brand
from branding.services import pictures
from branding.services.brand import BrandValues
from branding.services.brand_changes import set_up_brand
from config import errors
from governance.actors import command_actor
from tenants.models import Partner
from tests.actors import ALICE, BOB, GRACE
from tests.branding.test_images import picture

Browse = Callable[..., Browser]
TEAL = BrandValues(
    name="Northwind Ops",
    primary="#0f766e",
    support_email="help@north.example",
    sign_in_text="Every hour billed.",
)
FORM = {
    "name": "Northwind Ops",
    "primary": "#0F766E",
    "accent": "",
    "support_email": "help@north.example",
    "sign_in_text": "Every hour billed.",
    "locale": "en-gb",
    "time_zone": "Europe/Amsterdam",
}
TRACES = ("livery", "django", "unfold", "daisyui", "tailwind")


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def teal(
    northwind: Partner, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Iterator[Brand]:
    """Northwind in teal, with a logo."""
    with django_capture_on_commit_callbacks(execute=True):
        yield set_up_brand(command_actor("tests"), TEAL, logo=picture("PNG"))


def _brand(partner: Partner, state: str) -> Brand:
    # A finished request leaves the connection in the public schema.
    with tenant_context(partner):
        return Brand.objects.get(state=state)


def test_the_theme_is_kept_for_good_under_its_version_and_asked_for_otherwise(
    browse: Browse, teal: Brand
) -> None:
    anybody = browse(None)
    page = anybody.get("/sign-in/").content.decode()
    (address,) = re.findall(r'href="(/theme\.css\?v=[0-9a-f]+)"', page)
    answer = anybody.get(address)
    assert "--brand:#0f766e" in answer.content.decode()
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert anybody.get("/theme.css").headers["Cache-Control"] == "no-cache"
    again = anybody.get("/theme.css", headers={"if-none-match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_each_partners_host_has_its_own_theme(browse: Browse, teal: Brand) -> None:
    theirs = browse(None, "brightbridge").get("/theme.css").content.decode()
    assert "--brand:#0f766e" not in theirs


def test_the_logo_is_the_partners_alone(browse: Browse, teal: Brand) -> None:
    answer = browse(None).get("/brand/logo.png")
    assert answer.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).format == "PNG"
    assert browse(None, "brightbridge").get("/brand/logo.png").status_code == 404


def test_search_engines_are_sent_away(browse: Browse, northwind: Partner) -> None:
    assert b"Disallow: /" in browse(None).get("/robots.txt").content


@pytest.mark.parametrize("host", ["northwind.localhost", "admin.northwind.localhost"])
def test_sign_in_shows_the_brand_and_names_nobody_else(
    browse: Browse, teal: Brand, host: str
) -> None:
    answer = browse(None, host=host).get("/sign-in/")
    page = answer.content.decode()
    assert "<title>Sign in · Northwind Ops</title>" in page
    assert "Every hour billed." in page
    assert "help@north.example" in page
    assert "/brand/logo.png" in page
    for trace in TRACES:
        assert trace not in page.lower()
        assert trace not in str(answer.headers).lower()


@pytest.mark.parametrize(("person", "address"), [(ALICE, "/brand/"), (GRACE, "/")])
def test_pages_behind_sign_in_name_nobody_else_either(
    browse: Browse, teal: Brand, person: object, address: str
) -> None:
    page = browse(person).get(address, follow=True).content.decode()
    assert "Northwind Ops" in page
    # The form field's name is the framework's; everything that is read is not.
    visible = page.lower().replace("django_htmx/htmx-2.min.js", "")
    for trace in TRACES:
        assert trace not in visible


def test_an_unknown_address_answers_in_brand_and_an_unknown_host_in_nobodys(
    browse: Browse, teal: Brand
) -> None:
    branded = browse(None).get("/no/such/page/")
    assert branded.status_code == 404
    assert "Northwind Ops" in branded.content.decode()
    neutral = browse(None, host="nobody.localhost").get("/")
    assert neutral.status_code == 404
    assert "Northwind" not in neutral.content.decode()
    assert "livery" not in neutral.content.decode().lower()


def test_tries_that_a_library_counts_are_refused_in_brand_too(
    browse: Browse, teal: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "favicon_of", lambda identity: 1 / 0)
    monkeypatch.setattr(errors, "failed", lambda request: respond_429(request))
    monkeypatch.setattr("config.urls_portal.handler500", errors.failed)
    anybody = browse(None)
    anybody.raise_request_exception = False
    answer = anybody.get("/favicon.ico")
    assert answer.status_code == 429
    assert "Too many tries · Northwind Ops" in answer.content.decode()


def test_the_editor_saves_a_draft_and_publishes_it(browse: Browse, northwind: Partner) -> None:
    alice = browse(ALICE)
    saved = alice.post("/brand/", FORM, follow=True)
    assert "Saved as a draft" in saved.content.decode()
    assert "Draft not published" in saved.content.decode()
    assert "by Alice Moreau." in saved.content.decode(), "a name, without its address"
    assert _brand(northwind, "live").primary != "#0f766e"
    published = alice.post("/brand/publish/", follow=True)
    assert "Published" in published.content.decode()
    assert _brand(northwind, "live").primary == "#0f766e"


def test_the_editor_says_what_is_wrong_beside_the_field(browse: Browse, northwind: Partner) -> None:
    upload = io.BytesIO(b"<svg onload='alert(1)'></svg>")
    upload.name = "logo.svg"
    alice = browse(ALICE)
    refused = alice.post("/brand/", FORM | {"logo_file": upload})
    assert "Upload a PNG, WebP or JPEG" in refused.content.decode()
    refused = alice.post("/brand/", FORM | {"primary": "teal"})
    assert "for example #0f766e" in refused.content.decode()
    with tenant_context(northwind):
        assert not Brand.objects.filter(state="draft").exists()


@pytest.mark.parametrize("address", ["/brand/", "/brand/preview/"])
def test_the_editor_is_for_those_who_manage_the_brand(
    browse: Browse, northwind: Partner, address: str
) -> None:
    assert browse(BOB).get(address).status_code == 403
    nobody = browse(None, host="admin.northwind.localhost").get(address)
    assert nobody.status_code == 302
    assert browse(GRACE).get(address).status_code == 404  # no such page for clients


@pytest.mark.parametrize("address", ["/brand/publish/", "/brand/discard/"])
def test_nothing_is_published_by_a_link(browse: Browse, northwind: Partner, address: str) -> None:
    assert browse(ALICE).get(address).status_code == 405
    assert browse(BOB).post(address).status_code == 403
