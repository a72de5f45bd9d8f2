"""Everybody of the cast, signed in once a module: a sign-in costs more than a page."""

from http.cookies import SimpleCookie

from django.conf import settings
from django.core.cache import cache
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from tenants.accounts.models import User
from tenants.accounts.services.sessions import SEEN_SECONDS
from tenants.models import Partner
from tests.actors import EVERYBODY, Person
from tests.conftest import host_of

_cookies: dict[tuple[str, str], SimpleCookie] = {}


def sign_everybody_in(partner: Partner) -> None:
    """Keep a session of each person of a partner; it lives as long as the transaction."""
    for person in EVERYBODY:
        browser = Browser(headers={"host": host_of(person, partner.slug)})
        with tenant_context(partner):
            browser.force_login(User.objects.get(email=person.email))
        # What the first request of a session keeps (host, device) is kept once, not in each test.
        browser.get("/robots.txt")
        _cookies[partner.slug, person.email] = browser.cookies


def signed_in(partner: Partner, person: Person) -> Browser:
    """Return a browser of its own with that person's session, on the person's own host."""
    browser = Browser(headers={"host": host_of(person, partner.slug)})
    kept = _cookies[partner.slug, person.email]
    browser.cookies = SimpleCookie(kept.output(header="", sep=";"))
    # Each test empties the cache; that the session was seen just now is true all the same.
    with tenant_context(partner):
        cache.set(f"seen:{kept[settings.SESSION_COOKIE_NAME].value}", 1, SEEN_SECONDS)
    return browser
