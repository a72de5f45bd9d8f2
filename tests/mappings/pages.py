"""The pages of mappings as tests ask for them."""

from collections.abc import Callable
from typing import Any

from django.test import Client as Browser
from django.urls import reverse

Browse = Callable[..., Browser]


STAFF, PORTAL = "config.urls_admin", "config.urls_portal"


def page(name: str, *args: object, door: str = STAFF) -> str:
    return reverse(name, args=args, urlconf=door)


def post(browser: Browser, path: str, body: str, **headers: str) -> Any:
    return browser.post(
        path, body, content_type="application/x-www-form-urlencoded", headers=headers
    )
