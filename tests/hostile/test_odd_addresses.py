"""Numbers and days in addresses and forms that no row and no calendar has: never a fault."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from governance.lists import number_in
from tenants.accounts.models import User
from tests.actors import ALICE
from tests.at_home import at_home, page_url

__all__ = ["at_home"]
pytestmark = pytest.mark.usefixtures("at_home")
LONG = "9" * 5000


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "²", "\u0661", "9" * 19, LONG])
def test_what_no_row_can_be_called_is_no_number(text: str) -> None:
    assert number_in(text) is None


def test_a_number_is_one() -> None:
    assert (number_in("0"), number_in("7"), number_in("9" * 18)) == (0, 7, 10**18 - 1)


@pytest.mark.parametrize(
    "name",
    [
        "run_list",
        "engagement_list",
        "engagement_export",
        "connection_catalogue",
        "exceptions_selected",
        "person_list",
        "person_invite",
    ],
)
def test_a_list_narrowed_by_a_number_of_any_length_is_answered(
    browse: Callable[..., Browser], name: str
) -> None:
    for text in (LONG, "9" * 19, "\u0661"):
        asked = {"client": text, "id": text}
        assert browse(ALICE).get(page_url(name), asked).status_code in (200, 302)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("name", ["audit_list", "audit_export"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_the_trail_takes_the_first_and_the_last_day(
    browse: Callable[..., Browser], name: str, day: str, zone: str
) -> None:
    User.objects.filter(email=ALICE.email).update(time_zone=zone)
    asked = {"since": day, "until": day}
    assert browse(ALICE).get(page_url(name), asked).status_code == 200


def test_a_report_takes_the_last_day(browse: Callable[..., Browser]) -> None:
    asked = {"since": "9999-12-30", "until": "9999-12-31", "form": "pdf"}
    assert browse(ALICE).post(page_url("evidence_ask"), asked, follow=True).status_code == 200
