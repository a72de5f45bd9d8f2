"""Menus: an entry shows when its page exists and the person may open it."""

from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path

from branding import navigation
from branding.navigation import Entry, portal_items, register_counter, staff_groups


def _page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("", _page, name="portal_home"),
    path("exceptions/", _page, name="exception_list"),
    path("exceptions/rules/", _page, name="record_list"),
    path("changes/", _page, name="change_list"),
]


def _request(address: str, *permissions: str) -> HttpRequest:
    request = RequestFactory().get(address)
    request.user = SimpleNamespace(  # type: ignore[assignment]  # as much of a user as is read
        is_authenticated=True, has_perm=lambda name: name in permissions
    )
    request.urlconf = __name__  # type: ignore[attr-defined]  # Django's own hook
    return request


@pytest.fixture(autouse=True)
def _no_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Menus without the counts that the apps have registered: those ask the database."""
    monkeypatch.setattr(navigation, "_counters", {})


def test_pages_that_do_not_exist_and_permissions_that_are_not_held_are_left_out() -> None:
    items = portal_items(_request("/", "exceptions.view", "usage.view"))
    assert [item.label for item in items] == ["Home", "Exceptions"]


def test_a_group_without_entries_is_left_out() -> None:
    groups = staff_groups(_request("/", "changes.view"))
    assert [(group.label, [item.label for item in group.items]) for group in groups] == [
        ("Configure", ["Change requests"])
    ]


@pytest.mark.parametrize(
    ("address", "active"),
    [
        ("/", ["Home"]),
        ("/exceptions/", ["Exceptions"]),
        ("/exceptions/7/", ["Exceptions"]),
        ("/exceptions/rules/9/", ["Records"]),
        ("/elsewhere/", []),
    ],
)
def test_one_entry_is_the_current_one(address: str, active: list[str]) -> None:
    items = portal_items(_request(address, "exceptions.view", "records.view"))
    assert [item.label for item in items if item.active] == active


def test_a_count_is_asked_of_the_app_that_registered_it() -> None:
    register_counter("open_exceptions", lambda request: 7)
    (_, exceptions) = portal_items(_request("/", "exceptions.view"))
    assert (exceptions.count, exceptions.urgent) == (7, True)


def test_a_count_has_one_answer() -> None:
    register_counter("x", lambda request: 1)
    with pytest.raises(ValueError, match="registered already"):
        register_counter("x", lambda request: 2)


def test_every_entry_of_the_menus_asks_for_a_permission_that_exists() -> None:
    from tenants.accounts.permissions import OPERATOR_PERMISSIONS, PERMISSIONS

    entries: list[Entry] = [entry for _, group in navigation.STAFF for entry in group]
    entries += [*navigation.PORTAL, *navigation.CONSOLE]
    wanted = {entry.permission for entry in entries if entry.permission}
    assert wanted <= set(PERMISSIONS) | OPERATOR_PERMISSIONS
