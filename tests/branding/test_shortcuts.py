"""Keys: shown to staff by what they may open, never in the portal."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from branding.shortcuts import KEYS
from tests.actors import ALICE, DAVE, GRACE
from tests.at_home import page_url

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")


def test_no_key_leads_to_two_places() -> None:
    keys = [key for key, *_ in KEYS]
    assert len(set(keys)) == len(keys)
    assert not {"g", "?", "/"} & set(keys)


def test_each_person_is_shown_the_keys_of_the_lists_that_they_may_open(browse: Browse) -> None:
    owner = browse(ALICE).get("/").content.decode()
    support = browse(DAVE).get("/").content.decode()
    assert f'href="{page_url("tier_list")}" data-go="t"' in owner
    assert 'data-go="e"' in support
    assert 'data-go="t"' not in support
    assert "js/keys.js" in owner


def test_the_portal_has_the_search_key_alone(browse: Browse) -> None:
    page = browse(GRACE).get("/").content.decode()
    assert "data-go" not in page
    assert "data-search-everything" in page
