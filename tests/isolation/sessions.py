"""Everybody of the cast, signed in and with a token, once a module: both cost more than a page."""

from http.cookies import SimpleCookie

from django.conf import settings
from django.core.cache import cache
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.actors import command_actor
from tenants.accounts.models import User
from tenants.accounts.permissions import permissions_of
from tenants.accounts.services.sessions import SEEN_SECONDS
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests.actors import EVERYBODY, Person
from tests.conftest import host_of

_cookies: dict[tuple[str, str], SimpleCookie] = {}
_keys: dict[tuple[str, str], str] = {}


def sign_everybody_in(partner: Partner) -> None:
    """Keep a session of each person of a partner; it lives as long as the transaction."""
    for person in EVERYBODY:
        browser = Browser(headers={"host": host_of(person, partner.slug)})
        with tenant_context(partner):
            browser.force_login(User.objects.get(email=person.email))
        # What the first request of a session keeps (host, device) is kept once, not in each test.
        browser.get("/robots.txt")
        _cookies[partner.slug, person.email] = browser.cookies
        _keys[partner.slug, person.email] = _made_key(partner, person)


def _made_key(partner: Partner, person: Person) -> str:
    """Make a token with everything that the person may do."""
    with tenant_context(partner):
        user = User.objects.get(email=person.email)
        scopes = permissions_of(list(person.roles))
        return make_token(command_actor("tests"), user=user, name="t", scopes=scopes)[1]


def key_of(partner: Partner, person: Person) -> str:
    """Return the person's token, which may do everything that the person may."""
    return _keys[partner.slug, person.email]


def signed_in(partner: Partner, person: Person) -> Browser:
    """Return a browser of its own with that person's session, on the person's own host."""
    browser = Browser(headers={"host": host_of(person, partner.slug)})
    kept = _cookies[partner.slug, person.email]
    browser.cookies = SimpleCookie(kept.output(header="", sep=";"))
    # Each test empties the cache; that the session was seen just now is true all the same.
    with tenant_context(partner):
        cache.set(f"seen:{kept[settings.SESSION_COOKIE_NAME].value}", 1, SEEN_SECONDS)
    return browser
