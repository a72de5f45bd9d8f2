"""A partner's own words on lists that are still empty, and in mails."""

import re
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django_tenants.utils import tenant_context
from pytest_django import DjangoDbBlocker

from branding.mail.composing import compose
from branding.mail.samples import SAMPLES
from branding.services.identity import current_identity
from tenants.accounts.permissions import permissions_of
from tenants.models import Partner
from tenants.outbox.kinds import KINDS
from tests.isolation.matrix import PAGES
from tests.isolation.routes import URLCONFS, Route
from tests.isolation.rule import PUBLIC, SIGNED_IN
from tests.isolation.sessions import sign_everybody_in, signed_in
from tests.isolation.test_pages import pages
from tests.isolation.test_words import PEOPLE, SHOWS_OURS, ours_in, own_words, seen


@pytest.fixture(scope="module")
def _worded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Write the words and sign in once, in a transaction that ends with the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        northwind = Partner.objects.get(slug="northwind")
        with tenant_context(northwind):
            own_words()
        sign_everybody_in(northwind)
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
        yield
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
        transaction.set_rollback(True)


@pytest.fixture
def worded(_worded: None, northwind: Partner) -> Partner:
    """The usual partner with its own words and nothing at work yet, entered."""
    return northwind


def lists(door: str) -> list[Route]:
    held = permissions_of(list(PEOPLE[door].roles)) | {PUBLIC, SIGNED_IN}
    return [
        route
        for route in pages(door)
        if not route.names
        and "GET" in PAGES[door][route.name].methods
        and PAGES[door][route.name].needs in held
        and route.name not in SHOWS_OURS
    ]


@pytest.mark.parametrize(
    "route", lists("admin") + lists("portal"), ids=lambda route: str(route.key)
)
def test_no_page_says_our_word_where_the_partner_has_its_own(route: Route, worded: Partner) -> None:
    browser = signed_in(worded, PEOPLE[route.door])
    answer = browser.get(reverse(route.name, urlconf=URLCONFS[route.door]), follow=True)
    assert answer.status_code in {200, 404}, "404: a picture or a provider that is not there"
    if "text/html" not in answer.headers["Content-Type"]:
        return
    page = seen(answer.content.decode())
    with tenant_context(worded):
        assert not ours_in(page)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_mail_says_our_word(kind: str, worded: Partner) -> None:
    made = compose(current_identity(), kind, SAMPLES[kind])
    plain = re.sub(r"https?://\S+", " ", made.text)
    shown = re.sub(r"https?://\S+", " ", seen(made.html))
    assert not ours_in(f"{made.subject} {plain} {shown}")
