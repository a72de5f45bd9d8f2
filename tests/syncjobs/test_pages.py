"""Pages of either door before anything has happened."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from tenants.models import Partner
from tests.actors import ALICE, GRACE, Person
from tests.at_home import page_url

Browse = Callable[..., Browser]
EMPTY = {
    "engagement_list": "No engagement yet",
    "record_list": "No record here",
    "run_list": "No run here",
    "workflow_list": "No workflow here",
    "exception_list": "Nothing needs you here",
    "hold_list": "Nothing is on hold",
}


@pytest.mark.parametrize(("person", "door"), [(ALICE, "admin"), (GRACE, "portal")])
@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_list_says_so(
    browse: Browse, northwind: Partner, person: Person, door: str, name: str
) -> None:
    page = browse(person).get(page_url(name, door=door)).content.decode()
    assert EMPTY[name] in page
    assert "<table" not in page
