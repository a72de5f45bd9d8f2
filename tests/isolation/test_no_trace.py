"""Nothing that is sent says whose product it is, what it is made of, or another partner's name.

The whole answer is read, source and headers included. Excepted are the paths of static files:
a library's file keeps its name there. The browser's view of the same is in `tests/e2e`.
"""

import re

import pytest
from django.http.response import HttpResponse, HttpResponseBase
from django.test import Client as Browser
from django.test import override_settings
from django_tenants.utils import tenant_context

from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.isolation.matrix import API
from tests.isolation.routes import Route, routes
from tests.isolation.sessions import key_of, signed_in
from tests.isolation.test_api import address as api_address
from tests.isolation.test_pages import Twins, address, pages

# One expression for each name: one with a literal beginning is searched for five times as fast.
NAMES = [
    re.compile(rf"{name}\b")
    for name in (
        "livery", "django", "unfold", "drf", "rest.framework", "spectacular", "swagger", "redoc",
        "allauth", "htmx", "daisyui", "tailwind(?:css)?", "alpine(?:js)?", "gunicorn", "whitenoise",
        "weasyprint", "mrml", "mjml", "postgres(?:ql)?", "psycopg", "python", "qcluster",
        "site administration",
    )
]  # fmt: skip
WORD = re.compile(r"\w")
STATIC = re.compile(r'(?:src|href)="/static/[^"]*"')
# The brand of the partner that is not looked at; both are in one database and one process.
OTHERS = re.compile("brightbridge")
# Who sees the most at each door; the others see the same with less on it.
MOST: dict[str, Person] = {"admin": actors.ALICE, "portal": actors.GRACE}
HOSTS = {"admin": "admin.northwind.localhost", "portal": "northwind.localhost"}


def text_of(response: HttpResponseBase) -> str:
    """Return headers, cookies and body in one text, without the paths of static files."""
    streamed = getattr(response, "streaming_content", None)
    body = b"".join(streamed) if streamed else getattr(response, "content", b"")
    kind = response.headers.get("Content-Type", "")
    # A document's properties are in plain letters, whatever its pages are packed into.
    shown = body.decode("latin-1") if kind.startswith(("text/", "application/")) else ""
    return f"{response.headers}\n{response.cookies}\n{STATIC.sub('', shown)}"


def traces(response: HttpResponseBase) -> list[str]:
    """Return what should not be there, with a little of what stands around it."""
    text = text_of(response).lower()
    found = [one for name in NAMES for one in name.finditer(text) if begins_word(text, one)]
    return [
        text[max(0, one.start() - 40) : one.end() + 40] for one in (*found, *OTHERS.finditer(text))
    ]


def begins_word(text: str, found: re.Match[str]) -> bool:
    return not WORD.match(text[found.start() - 1 : found.start()])


def test_a_trace_is_found_wherever_it_stands() -> None:
    said = HttpResponse("<p>Delivery, pythonic</p><i>by Django_x, REST framework and HTMX</i>")
    said.headers["X-Made-By"] = "Postgres"
    assert len(traces(said)) == 3
    assert traces(HttpResponse("Livery"))
    assert not traces(HttpResponse("Delivery, pythonic, a_python"))


@pytest.mark.parametrize("route", pages("admin") + pages("portal"), ids=lambda route: route.key)
def test_a_page_names_no_product_no_library_and_no_other_partner(
    route: Route, twins: Twins
) -> None:
    northwind = twins["northwind"]
    with tenant_context(northwind):
        path = address(route, "Alder Consulting")
    host = {"host": HOSTS[route.door]}
    for person in (None, MOST[route.door]):
        browser = signed_in(northwind, person) if person else Browser(headers=host)
        assert not traces(browser.get(path, headers=host)), person


@pytest.mark.parametrize(
    "route", [one for one in routes("admin") if one.name in API], ids=lambda route: route.key
)
def test_the_api_names_nothing_either(route: Route, twins: Twins) -> None:
    northwind = twins["northwind"]
    key = key_of(northwind, actors.ALICE)
    with tenant_context(northwind):
        path = api_address(route, "Alder Consulting")
    for authorization in (f"Bearer {key}", "Bearer nothing", "Basic bm86bm8="):
        browser = Browser(headers={"host": HOSTS["admin"], "authorization": authorization})
        for method in ("GET", "POST", "OPTIONS", "TRACE"):
            answer = browser.generic(method, path, "{not json", content_type="application/json")
            assert not traces(answer), (method, authorization)


@pytest.mark.parametrize("door", HOSTS)
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/nothing-here/", {}, 404),
        ("/static/nothing.css", {}, 404),
        ("/?q=%00", {}, 400),
        ("/sign-in/", {"cookie": "session=\0"}, 400),
        ("/", {"host": "nobody.example"}, 404),
        ("/", {"host": "admin.northwind.localhost:bad"}, 404),
    ],
)
def test_an_error_names_nothing(
    door: str, path: str, headers: dict[str, str], status: int, northwind: Partner
) -> None:
    browser = Browser(headers={"host": HOSTS[door], **headers}, raise_request_exception=False)
    answer = browser.get(path)
    assert answer.status_code == status
    assert not traces(answer)


@override_settings(DEBUG_PROPAGATE_EXCEPTIONS=False)
@pytest.mark.parametrize("door", HOSTS)
def test_a_failure_and_a_refused_form_name_nothing(
    door: str, northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = Browser(
        headers={"host": HOSTS[door]}, enforce_csrf_checks=True, raise_request_exception=False
    )
    refused = strict.post("/sign-in/", {"email": "x"})
    assert refused.status_code == 403
    assert not traces(refused)
    page = refused.content.decode()
    assert "This form is out of date" in page
    assert 'href="/"' in page
    of_ours = f"http://{HOSTS[door]}/sign-in/"
    for came_from, leads_to in ((of_ours, of_ours), ("http://evil.example/sign-in/", "/")):
        answer = strict.post("/sign-in/", {"email": "x"}, headers={"referer": came_from})
        assert f'href="{leads_to}" class="btn' in answer.content.decode()

    def fail(*args: object, **kwargs: object) -> object:
        raise RuntimeError("django.db.utils: livery")

    monkeypatch.setattr("tenants.accounts.views.SignInForm", fail)
    failed = strict.get("/sign-in/")
    assert failed.status_code == 500
    assert not traces(failed)
