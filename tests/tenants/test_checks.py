"""Each invariant is checked, and each check can fail."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.checks import CheckMessage
from django.db import models

from tenants import checks
from tenants.models import Partner


def ids(found: list[CheckMessage]) -> set[str | None]:
    return {message.id for message in found}


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_the_project_holds_it(check: Any) -> None:
    assert check(None) == []


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({"retry": 960}, True),
        ({"retry": 901}, True),
        ({"retry": 900}, False),
        ({"retry": 301}, False),
        ({"workers": 1}, False),
        ({"workers": 8, "retry": 601}, True),
        ({"timeout": 600}, False),
        ({"queue_limit": 20}, False),
    ],
)
def test_a_slow_task_must_not_run_twice(
    settings: LazySettings, changed: dict[str, int], holds: bool
) -> None:
    base = {"workers": 2, "queue_limit": 2, "bulk": 1, "timeout": 300, "retry": 960}
    settings.Q_CLUSTER = {**base, **changed}
    assert (ids(checks.check_retry_rule(None)) == set()) is holds


def test_the_queue_in_a_partners_schema_is_found(settings: LazySettings) -> None:
    settings.TENANT_APPS = [*settings.TENANT_APPS, "django_q"]
    assert ids(checks.check_queue_is_public(None)) == {"tenants.E002"}


def test_shared_people_are_found(settings: LazySettings) -> None:
    settings.TENANT_APPS = [app for app in settings.TENANT_APPS if app != "tenants.accounts"]
    assert ids(checks.check_people_are_private(None)) == {"tenants.E003"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_COOKIE_DOMAIN", ".localhost"),
        ("CSRF_COOKIE_DOMAIN", "localhost"),
        ("SESSION_COOKIE_HTTPONLY", False),
        ("CSRF_COOKIE_HTTPONLY", False),
        ("SESSION_COOKIE_SAMESITE", None),
        ("SESSION_COOKIE_SAMESITE", "None"),
        ("SESSION_COOKIE_NAME", "sessionid"),
        ("CSRF_COOKIE_NAME", "csrftoken"),
        ("PRODUCTION", True),
    ],
)
def test_an_unsafe_cookie_is_found(settings: LazySettings, name: str, value: object) -> None:
    setattr(settings, name, value)
    assert ids(checks.check_cookies(None)) == {"tenants.E004"}


def test_production_cookies_hold(settings: LazySettings) -> None:
    settings.PRODUCTION = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-session", "__Host-form"
    assert checks.check_cookies(None) == []


def test_a_cache_without_the_schema_in_its_keys_is_found(settings: LazySettings) -> None:
    settings.CACHES = {**settings.CACHES, "other": {"BACKEND": "x"}}
    assert ids(checks.check_cache_keys(None)) == {"tenants.E005"}


def test_connection_settings_that_mix_partners_are_found(settings: LazySettings) -> None:
    assert checks.check_connection_settings(None) == []
    settings.TENANT_LIMIT_SET_CALLS = True
    assert ids(checks.check_connection_settings(None)) == {"tenants.E006"}
    settings.TENANT_LIMIT_SET_CALLS = False


@pytest.mark.parametrize(
    ("name", "value"), [("OPTIONS", {"pool": True}), ("ATOMIC_REQUESTS", True)]
)
def test_a_database_that_spans_requests_or_pools_is_found(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], name, value)
    assert ids(checks.check_connection_settings(None)) == {"tenants.E006"}


def test_a_second_router_is_found(settings: LazySettings) -> None:
    settings.DATABASE_ROUTERS = [*settings.DATABASE_ROUTERS] * 2
    assert ids(checks.check_connection_settings(None)) == {"tenants.E006"}


def test_a_way_from_a_partner_into_public_is_found(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stray(models.Model):
        partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")

        class Meta:
            app_label = "governance"
            managed = False
            apps = type(Partner._meta.apps)()

    monkeypatch.setattr(checks, "_models_of", lambda names: iter([Stray]))
    assert ids(checks.check_no_way_into_public(None)) == {"tenants.E007"}


def test_a_table_name_used_by_two_apps_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Twin(models.Model):
        class Meta:
            app_label = "governance"
            db_table = Partner._meta.db_table
            managed = False
            apps = type(Partner._meta.apps)()

    rows: dict[str, list[type[models.Model]]] = {"public": [Partner], "partner": [Twin]}
    monkeypatch.setattr(
        checks,
        "_models_of",
        lambda names: iter(rows["public" if "tenants" in names else "partner"]),
    )
    assert ids(checks.check_table_names(None)) == {"tenants.E008"}


def sites(monkeypatch: pytest.MonkeyPatch, public: set[AdminSite], partner: set[AdminSite]) -> None:
    monkeypatch.setattr(
        checks, "_sites_of", lambda urlconf: public if "public" in urlconf else partner
    )


def test_the_default_admin_site_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    sites(monkeypatch, {admin.site}, set())
    assert ids(checks.check_admin_sites(None)) == {"tenants.E009"}


def test_one_admin_site_for_both_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    one = AdminSite(name="both")
    sites(monkeypatch, {one}, {one})
    assert ids(checks.check_admin_sites(None)) == {"tenants.E009"}


def test_partners_in_the_partners_admin_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    site = AdminSite(name="partner")
    site.register(Partner)
    sites(monkeypatch, set(), {site})
    found = checks.check_admin_sites(None)
    assert ids(found) == {"tenants.E009"}
    assert "tenants.Partner" in found[0].msg


def test_the_projects_own_sites_are_separate() -> None:
    assert checks.check_admin_sites(None) == []
    assert checks._sites_of("config.urls_public") == set(), "operators have pages of their own"


def test_one_role_is_a_warning(settings: LazySettings) -> None:
    settings.OWNER_DATABASE = None
    assert ids(checks.check_roles(None)) == {"tenants.W001"}
