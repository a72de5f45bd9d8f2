"""Pictures, colours and manifest of a host: complete, kept for good, and each partner's own."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from branding.services.brand import BrandValues
from branding.services.brand_changes import set_up_brand
from branding.services.identity import current_identity, forget_identity
from governance.actors import command_actor
from tenants.models import Partner
from tests.branding.commerce import asked
from tests.branding.test_images import picture

Browse = Callable[..., Browser]
MAKER = command_actor("tests")
TEAL = BrandValues(name="Northwind Ops", primary="#0f766e")
RED = BrandValues(name="Brightbridge", primary="#b91c1c")


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def two(
    northwind: Partner, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """Northwind in teal, Brightbridge in red; each with a logo."""
    with django_capture_on_commit_callbacks(execute=True):
        set_up_brand(MAKER, TEAL, logo=picture("PNG", (200, 180)))
        with tenant_context(Partner.objects.get(slug="brightbridge")):
            set_up_brand(MAKER, RED, logo=picture("PNG", (190, 200)))
    cache.clear()


def _linked(page: str) -> dict[str, str]:
    found = re.findall(r'<link rel="([\w-]+)" href="(/[^"]*)"', page)
    return {rel: address for rel, address in found if rel != "stylesheet"}


def test_the_set_of_icons_is_complete_and_kept_for_good(browse: Browse, two: None) -> None:
    anybody = browse(None)
    links = _linked(anybody.get("/sign-in/").content.decode())
    manifest = json.loads(anybody.get(links["manifest"]).content)
    assert manifest["name"] == "Northwind Ops"
    assert manifest["theme_color"] == "#0f766e"
    wanted = {links["icon"]: 192, links["apple-touch-icon"]: 180}
    wanted |= {one["src"]: int(one["sizes"].split("x")[0]) for one in manifest["icons"]}
    assert sorted(set(wanted.values())) == [180, 192, 512]
    for address, side in wanted.items():
        answer = anybody.get(address)
        assert Image.open(io.BytesIO(answer.content)).size == (side, side)
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer.headers["Cache-Control"]
    assert anybody.get("/brand/icon-64.png").status_code == 404


def test_the_favicon_has_the_sizes_that_browsers_ask_for(browse: Browse, two: None) -> None:
    answer = browse(None).get("/favicon.ico")
    assert answer.headers["Content-Type"] == "image/x-icon"
    icon = Image.open(io.BytesIO(answer.content))
    assert icon.format == "ICO"
    assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}


@pytest.mark.parametrize("name", ["Northwind Ops", "Łódź Ölçüm", "Ελλάδα Ops", "東京", "W" * 60])
def test_the_picture_of_a_link_shows_the_brand(
    browse: Browse, northwind: Partner, name: str
) -> None:
    set_up_brand(MAKER, replace(TEAL, name=name))
    forget_identity()
    page = browse(None).get("/sign-in/").content.decode()
    found = re.search(r'property="og:image" content="http://northwind\.localhost([^"]+)"', page)
    assert found
    answer = browse(None).get(found[1])
    image = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert image.size == (1200, 630)
    assert image.getpixel((5, 5)) == (15, 118, 110)
    assert len(image.getcolors(maxcolors=1200 * 630) or []) > 2


def test_without_a_logo_a_letter_stands(browse: Browse, northwind: Partner) -> None:
    for address in ("/brand/icon.png", "/favicon.ico", "/brand/social.png"):
        assert browse(None).get(address).status_code == 200
    assert browse(None).get("/brand/logo.png").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/theme.css",
        "/brand/logo.png",
        "/brand/icon.png",
        "/favicon.ico",
        "/brand/social.png",
        "/site.webmanifest",
    ],
)
def test_two_partners_asked_in_turns_never_mix(browse: Browse, two: None, address: str) -> None:
    hosts = ("northwind", "brightbridge")
    first = {host: browse(None, host).get(address).content for host in hosts}
    assert first["northwind"] != first["brightbridge"]
    stolen = browse(None, "brightbridge").get("/sign-in/").content.decode()
    (version,) = re.findall(r'href="/theme\.css\?(v=[0-9a-f]+)"', stolen)
    for turn in range(6):
        host = hosts[turn % 2]
        query = f"?{version}" if turn > 3 else ""
        assert browse(None, host).get(address + query).content == first[host]


def test_a_foreign_version_is_not_kept_for_good(browse: Browse, two: None) -> None:
    page = browse(None, "brightbridge").get("/sign-in/").content.decode()
    (theirs,) = re.findall(r'href="(/theme\.css\?v=[0-9a-f]+)"', page)
    answer = browse(None).get(theirs)
    assert "--brand:#0f766e" in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-cache"


def test_the_brand_costs_one_query_and_then_none(northwind: Partner) -> None:
    forget_identity()
    with CaptureQueriesContext(connection) as first:
        current_identity()
    with CaptureQueriesContext(connection) as second:
        current_identity()
    assert len(asked(first)) == 1
    assert asked(second) == []
