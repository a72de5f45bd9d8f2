"""What people see when something is wrong: in order, under each brand, wide and narrow, light and
dark. Served from the test's own two partners, since a demo fails on nobody's order."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from django.test import Client as Visit
from django_tenants.utils import tenant_context
from playwright.sync_api import Browser, Route
from pytest_django import Settings

from branding.services import pictures
from branding.services.brand import BrandValues
from branding.services.brand_changes import set_up_brand
from branding.services.identity import forget_identity
from config import errors
from governance.actors import command_actor
from syncjobs.demo.logos import draw_mark
from tenants.models import Partner
from tenants.services.suspension import suspend_partner
from tests.actors import BOB
from tests.e2e.axe import violations
from tests.e2e.visitor import NARROW, WIDE, open_window

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts" / "screens" / "errors"
LOOKS: list[tuple[tuple[int, int], Literal["light", "dark"]]] = [
    (WIDE, "light"),
    (WIDE, "dark"),
    (NARROW, "light"),
    (NARROW, "dark"),
]
BRANDS = {
    "northwind": BrandValues(
        name="Northwind Ops",
        primary="#0f766e",
        accent="#f97316",
        support_email="help@north.example",
        sign_in_text="Every hour billed.",
        terms_url="https://north.example/terms",
    ),
    "brightbridge": BrandValues(name="Brightbridge", primary="#7c2d12", accent="#1d4ed8"),
}
Browse = Callable[..., Visit]


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    yield
    forget_identity()


def _branded(slug: str, suspended: bool) -> None:
    partner, maker = Partner.objects.get(slug=slug), command_actor("tests")
    with tenant_context(partner):
        values = BRANDS[slug]
        set_up_brand(maker, values, logo=draw_mark("ring", values.primary, values.accent))
        forget_identity()
    if suspended:
        suspend_partner(maker, partner, "They asked for it.")


def _answer(browse: Browse, slug: str, status: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    if status == 403:
        return browse(BOB, slug).get("/brand/")
    visit = browse(None, slug)
    visit.raise_request_exception = False
    if status == 500:
        monkeypatch.setattr(pictures, "favicon_of", lambda identity: 1 / 0)
        return visit.get("/favicon.ico")
    if status == 429:
        monkeypatch.setattr(
            errors, "not_found", lambda request, exception: errors.too_many(request)
        )
        monkeypatch.setattr("config.urls_portal.handler404", errors.not_found)
    return visit.get("/nothing-here/")


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
@pytest.mark.parametrize("slug", sorted(BRANDS))
def test_an_error_page_is_in_order_under_each_brand(
    browse: Browse, browser: Browser, slug: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _branded(slug, suspended=status == 503)
    answer = _answer(browse, slug, status, monkeypatch)
    assert answer.status_code == status
    assert BRANDS[slug].name in answer.content.decode()
    host = f"{slug}.localhost"
    files = browse(None, slug)

    def serve(route: Route) -> None:
        asked = urlsplit(route.request.url)
        shown = asked.path == "/shown/"
        found = answer if shown else files.get(f"{asked.path}?{asked.query}")
        body = b"".join(found) if found.streaming else found.content
        route.fulfill(status=found.status_code, headers=dict(found.headers), body=body)

    visitor = open_window(browser, None)
    visitor.context.route(f"http://{host}/**", serve)
    visitor.page.goto(f"http://{host}/shown/")
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    wrong = []
    for (across, down), scheme in LOOKS:
        visitor.page.set_viewport_size({"width": across, "height": down})
        visitor.page.emulate_media(color_scheme=scheme)
        wrong += [f"{across} {scheme}: {one}" for one in violations(visitor.page)]
        needed = visitor.page.evaluate("() => document.documentElement.scrollWidth")
        if needed > across:
            wrong.append(f"{across} {scheme}: {needed} px wide")
        visitor.page.screenshot(path=ARTIFACTS / f"{slug}-{status}-{across}-{scheme}.png")
    visitor.context.close()
    # The browser itself complains of the status that was asked for.
    wrong += [one for one in visitor.complaints if str(status) not in one]
    assert not wrong, "\n".join(wrong)
