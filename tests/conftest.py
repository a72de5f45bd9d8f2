"""Two partners made once a session; each test works in a transaction inside one of them.

A test that needs the database asks for `northwind` (the usual partner), `brightbridge`
(the other one) or a fixture that builds on them. The cast is that of `tests/actors.py`.
"""

import copy
import gc
import os
from collections.abc import Callable, Iterator

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import storages
from django.core.handlers.base import BaseHandler
from django.core.signals import setting_changed
from django.db import connection
from django.dispatch import receiver
from django.template import Template
from django.test import Client as Browser
from django.test.client import ClientHandler
from django_tenants.utils import tenant_context
from pytest_django import DjangoDbBlocker

from governance import correlation
from governance.actors import Actor, command_actor
from syncjobs.engine.drain import drain
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client, User
from tenants.accounts.services.clients import add_client
from tenants.accounts.services.people import add_person
from tenants.models import Partner
from tenants.services.provisioning import provision_partner
from tests import actors
from tests.actors import PASSWORD, Person
from tests.fakes.dns import FakeDns

PARTNERS = (actors.NORTHWIND, actors.BRIGHTBRIDGE)
# What a password or a recovery code is kept as costs much by design; the tests keep hundreds.
QUICK_HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"
# What a handler keeps of the middleware that it has loaded.
MIDDLEWARE = (
    "_middleware_chain",
    "_view_middleware",
    "_template_response_middleware",
    "_exception_middleware",
)
_partners: dict[str, Partner] = {}
_render = Template._render  # type: ignore[attr-defined]  # before Django instruments it for tests
_middleware: dict[str, object] = {}
_load_middleware = ClientHandler.load_middleware


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how many seeded crash runs to play (tests/chaos), or which one alone."""
    parser.addoption("--seeds", default="20", help="play the seeds 0 to N-1")
    parser.addoption("--seed", default=None, help="play this seed alone")


def pytest_configure() -> None:
    """Keep passwords the quick way, and look for a static file only when it is asked for."""
    settings.WHITENOISE_AUTOREFRESH = True  # loading the middleware would list all of them
    ClientHandler.load_middleware = _shared_middleware  # type: ignore[assignment,method-assign]
    # What lands is judged by the same examples each time; new ones are for us to look at.
    hypothesis.settings.register_profile("ci", derandomize=True, print_blob=True)
    if os.environ.get("CI"):
        hypothesis.settings.load_profile("ci")
    # Thousands of requests make rubbish faster than it is worth looking for.
    gc.set_threshold(100_000, 50, 100)
    settings.PASSWORD_HASHERS = [QUICK_HASHER, *settings.PASSWORD_HASHERS]
    settings.RECOVERY_CODE_COST = 2**4


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Leave everything to the end of the process, which would look through all of it thrice."""
    gc.freeze()


def _shared_middleware(handler: BaseHandler, is_async: bool = False) -> None:
    """Let all test browsers use one chain of middleware, as all requests of a server do."""
    if not _middleware:
        _load_middleware(handler, is_async)
        _middleware.update({name: vars(handler)[name] for name in MIDDLEWARE})
    vars(handler).update(_middleware)


@receiver(setting_changed)
def _load_middleware_anew(**kwargs: object) -> None:
    """It may keep what a setting was when it was made."""
    _middleware.clear()


@receiver(setting_changed)
def _look_for_files_anew(*, setting: str, **kwargs: object) -> None:
    """The storage of partners' files keeps the folder that it was asked for first."""
    if setting == "MEDIA_ROOT":
        vars(storages["default"]).pop("relative_media_root", None)


def _people_everything() -> None:
    """Make the clients and the cast in the current schema, in a fixed order."""
    builder = command_actor("tests")
    clients = {name: add_client(builder, name=name) for name in actors.CLIENTS}
    for person in actors.EVERYBODY[1:]:
        add_person(
            builder,
            email=person.email,
            name=person.name,
            roles=person.roles,
            client=clients[person.client] if person.client else None,
            password=PASSWORD,
        )
    owner = User.objects.get(email=actors.ALICE.email)
    owner.set_password(PASSWORD)
    owner.save(update_fields=["password"])


def _ensure_partner(slug: str, name: str) -> None:
    if Partner.objects.filter(slug=slug, status=Partner.Status.ACTIVE).exists():
        return
    with correlation.scope(actor=command_actor("tests"), door="command"):
        made = provision_partner(
            command_actor("tests"),
            name=name,
            slug=slug,
            owner_email=actors.ALICE.email,
            owner_name=actors.ALICE.name,
        )
        with tenant_context(made.partner):
            _people_everything()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Extend pytest-django's test database by the two partners and their people."""
    with django_db_blocker.unblock():
        name = str(connection.settings_dict["NAME"])
        assert name.startswith("test_"), f"{name} is no test database"
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
        for slug, name in PARTNERS:
            _ensure_partner(slug, name)
            _partners[slug] = Partner.objects.get(slug=slug)


@pytest.fixture(autouse=True, scope="session")
def _plain_templates(django_test_environment: None) -> None:
    """Render as in service. Django's tests copy the context of each template and component, a
    tenth of a page's time, for `response.context`: here tests read what was sent."""
    Template._render = _render  # type: ignore[attr-defined]  # what Django put aside, too


@pytest.fixture(autouse=True, scope="session")
def _no_hurry() -> Iterator[None]:
    """A round of work ends after some seconds; a machine that stands still for as long, as busy
    ones do, must not leave a test with half of it."""
    defaults = drain.__kwdefaults__
    assert defaults is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(defaults, "seconds", 600.0)
        yield


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> FakeDns:
    """What DNS says in a test; nothing at all until the test writes it. Nobody is asked outside."""
    made = FakeDns()
    monkeypatch.setattr("tenants.services.domain_checks.current_resolver", lambda: made)
    return made


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Counters and host look-ups of one test never reach the next."""
    cache.clear()
    yield
    cache.clear()


def _partner(slug: str) -> Iterator[Partner]:
    with tenant_context(copy.deepcopy(_partners[slug])):
        yield copy.deepcopy(_partners[slug])


@pytest.fixture
def northwind(db: None) -> Iterator[Partner]:
    """The usual partner, entered."""
    yield from _partner("northwind")


@pytest.fixture
def brightbridge(db: None) -> Iterator[Partner]:
    """The other partner, entered."""
    yield from _partner("brightbridge")


@pytest.fixture
def alder(northwind: Partner) -> Client:
    """Northwind's first client."""
    return Client.objects.get(name="Alder Consulting")


@pytest.fixture
def birch(northwind: Partner) -> Client:
    """Northwind's other client."""
    return Client.objects.get(name="Birch Systems")


@pytest.fixture
def actor(northwind: Partner) -> Callable[[Person], Actor]:
    """The actor of one of the cast, at the partner that is entered."""

    def of(person: Person) -> Actor:
        return actor_for(User.objects.get(email=person.email))

    return of


def host_of(person: Person, slug: str = "northwind") -> str:
    """Return the host that a person signs in at."""
    return f"{slug}.localhost" if person.client else f"admin.{slug}.localhost"


@pytest.fixture
def browse(db: None) -> Callable[..., Browser]:
    """A test browser on a person's own host, signed in; nobody when `person` is None."""

    def opened(person: Person | None, slug: str = "northwind", host: str | None = None) -> Browser:
        at = host or (host_of(person, slug) if person else f"{slug}.localhost")
        browser = Browser(headers={"host": at})
        if person is not None:
            with tenant_context(_partners[slug]):
                browser.force_login(User.objects.get(email=person.email))
        return browser

    return opened
