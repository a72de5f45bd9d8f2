"""The staff admin's site: the library's lists and forms without the library's own doors."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.test import Client as Browser
from django.urls import clear_url_caches, include, path
from unfold.admin import ModelAdmin

from branding.admin_site import BrandedAdminSite
from governance.actors import Actor, command_actor
from governance.requests import actor_of
from tenants.accounts.models import Client
from tenants.accounts.services.clients import add_client
from tenants.context import public_scope
from tenants.models import Partner
from tests.actors import ALICE, BOB

Browse = Callable[..., Browser]


class ClientAdmin(ModelAdmin):  # type: ignore[misc]  # the library has no types
    """A list and a form of the library, as another app would register one."""

    list_display = ("name", "status")
    search_fields = ("name",)
    fields = ("name", "slug", "status")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return "clients.manage" in actor_of(request).permissions

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.has_module_permission(request)

    has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.has_module_permission(request)


site = BrandedAdminSite(name="admin")
site.register(Client, ClientAdmin)
urlpatterns = [path("", include("config.urls_shared")), path("", site.urls)]
handler404 = "config.errors.not_found"


@pytest.fixture
def staff_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve the site above at the staff's hosts."""
    from config import middleware

    monkeypatch.setitem(middleware.URLCONFS, "admin", __name__)
    monkeypatch.setitem(middleware.ActorMiddleware.KINDS, __name__, "staff")
    monkeypatch.setattr("tenants.accounts.entry.DOORS", {__name__: ("admin", "staff")})
    clear_url_caches()
    yield
    clear_url_caches()


def test_the_librarys_doors_are_closed_and_ours_are_open(
    browse: Browse, northwind: Partner, staff_host: None
) -> None:
    alice = browse(ALICE)
    for address in ("/login/", "/logout/", "/password_change/", "/search/?s=a"):
        assert alice.get(address).status_code == 404, address


def test_nobody_is_sent_to_our_sign_in_and_back(
    browse: Browse, northwind: Partner, staff_host: None
) -> None:
    answer = browse(None, host="admin.northwind.localhost").get("/accounts/client/?q=a")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in/?next=%2Faccounts%2Fclient%2F%3Fq%3Da"


def test_a_list_and_a_form_come_in_the_partners_frame(
    browse: Browse, northwind: Partner, staff_host: None
) -> None:
    client = Client.objects.get(name="Alder Consulting")
    alice = browse(ALICE)
    for address in ("/accounts/client/", f"/accounts/client/{client.pk}/change/"):
        page = alice.get(address).content.decode()
        assert page.count("<main") == 1
        assert 'href="#main"' in page
        assert "Northwind Ops" in page
        assert "<style" not in page
        words = page.replace("/static/unfold/", "").replace("/static/django_htmx/", "")
        for trace in ("django", "unfold", "livery", "administration"):
            assert trace not in words.lower(), trace


def test_what_is_done_there_leaves_nothing_in_the_librarys_log(
    browse: Browse, northwind: Partner, staff_host: None
) -> None:
    made = add_client(_owner(), name="Cedar Partners")
    alice = browse(ALICE)
    fields = {"name": "Cedar & Co", "slug": made.slug, "status": "active"}
    assert alice.post(f"/accounts/client/{made.pk}/change/", fields).status_code == 302
    assert alice.post(f"/accounts/client/{made.pk}/delete/", {"post": "yes"}).status_code == 302
    with public_scope():
        assert LogEntry.objects.count() == 0
    assert alice.get(f"/accounts/client/{made.pk}/history/").status_code == 404


def test_who_lacks_the_permission_is_refused(
    browse: Browse, northwind: Partner, staff_host: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse: Callable[..., Any] = lambda self, request, obj=None: False  # noqa: E731  one line, once
    monkeypatch.setattr(ClientAdmin, "has_view_permission", refuse)
    monkeypatch.setattr(ClientAdmin, "has_change_permission", refuse)
    assert browse(BOB).get("/accounts/client/").status_code == 403


def test_the_policy_lets_in_only_what_the_librarys_pages_need(
    browse: Browse, northwind: Partner, staff_host: None
) -> None:
    policy = browse(ALICE).get("/accounts/client/").headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert "unsafe-inline" not in rules["script-src"]
    assert "unsafe-inline" not in rules["style-src"]
    assert rules["object-src"] == "'none'"


def _owner() -> Actor:
    return command_actor("tests")
