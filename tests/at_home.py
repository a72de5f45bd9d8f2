"""Coming back to the partner's schema after a request of the test browser."""

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from tenants.models import Partner


@pytest.fixture
def at_home(northwind: Partner, monkeypatch: pytest.MonkeyPatch) -> Partner:
    """A finished request leaves the schema; come back, to look at what it did."""
    plain = Browser.request

    def request(self: Browser, **environment: object) -> object:
        try:
            return plain(self, **environment)
        finally:
            connection.set_tenant(northwind)  # type: ignore[attr-defined]  # the tenant backend's

    monkeypatch.setattr(Browser, "request", request)
    return northwind


def page_url(name: str, *args: object, door: str = "admin") -> str:
    """Return the address of a page on a door's host (admin or portal)."""
    return reverse(name, urlconf=f"config.urls_{door}", args=args)
