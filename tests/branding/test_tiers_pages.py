"""Staff's pages of tiers and subscriptions, and what a volume would cost."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client as Browser

from branding.commercial.forms import BandFormSet
from branding.commercial.months import Month
from branding.models import Subscription, Tier
from branding.pricing import Band
from branding.services.tiers import version_in
from governance.actors import Actor
from governance.models import ChangeRequest
from governance.services import changes
from tenants.accounts.models import Client
from tests.actors import ALICE, BOB, CAROL, ERIN, FRANK, GRACE, Person
from tests.at_home import page_url
from tests.branding.commerce import make_tier, put_on

pytestmark = pytest.mark.usefixtures("november", "at_home")
Browse = Callable[..., Browser]


def band_fields(bands: list[tuple[str, str]]) -> dict[str, str]:
    fields = {"bands-TOTAL_FORMS": "6", "bands-INITIAL_FORMS": "0"}
    for number, (up_to, price) in enumerate(bands):
        fields |= {f"bands-{number}-up_to": up_to, f"bands-{number}-price": price}
    return fields


def tier_fields(**values: str) -> dict[str, str]:
    good = {
        "name": "Growth",
        "currency": "eur",
        "base_fee": "450.00",
        "included": "5000",
        "sla_hours": "8",
        "starts": "2026-11",
    }
    return {**good, **band_fields([("10000", "0.06"), ("", "0.0425")]), **values}


def test_finance_adds_a_tier_with_its_bands(browse: Browse) -> None:
    answer = browse(ERIN).post(page_url("tier_add"), tier_fields(), follow=True)
    page = answer.content.decode()
    assert "Growth was added." in page
    assert "0.0425" in page
    version = version_in(Tier.objects.get(), Month(2026, 11))
    assert version is not None
    assert version.prices().bands == (
        Band(10_000, Decimal("0.06")),
        Band(None, Decimal("0.0425")),
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, "required"),
        ({"base_fee": "-1"}, "greater than or equal to 0"),
        ({"base_fee": "1.005"}, "2 decimals at most"),
        ({"currency": "EURO"}, "at most 3 characters"),
        ({"currency": "E1R"}, "three-letter currency code"),
        ({"bands-0-up_to": "10", "bands-0-price": ""}, "Give a price."),
        ({"bands-1-up_to": "20000"}, "must have no end"),
        ({"bands-1-up_to": "5000", "bands-2-price": "1"}, "Band 2 must end above 10000"),
        ({"bands-0-price": "0.0000001"}, "no more than 6 decimal places"),
        ({"starts": "2019-01"}, "not one of the available choices"),
    ],
)
def test_a_wrong_tier_says_what_is_wrong_and_is_not_added(
    browse: Browse, values: Mapping[str, str], said: str
) -> None:
    answer = browse(ERIN).post(page_url("tier_add"), tier_fields(**values))
    assert said in answer.content.decode()
    assert not Tier.objects.exists()


def test_the_calculator_of_the_form_prices_without_saving(browse: Browse) -> None:
    answer = browse(ERIN).post(
        page_url("tier_add"), tier_fields(name="", volume="25000", calculate="1")
    )
    page = answer.content.decode()
    # 450 + 10,000 × 0.06 + 10,000 × 0.0425
    assert "1,475.00" in page
    assert "This field is required." not in page.split('id="calculation"')[1]
    assert not Tier.objects.exists()


def test_the_calculator_says_what_it_still_needs(browse: Browse) -> None:
    answer = browse(ERIN).post(page_url("tier_add"), tier_fields(base_fee="", calculate="1"))
    assert "Fill in the fee" in answer.content.decode()
    answer = browse(ERIN).post(
        page_url("tier_add"), tier_fields(**{"bands-1-up_to": "20000"}, calculate="1")
    )
    assert "must have no end" in answer.content.decode()


@pytest.mark.parametrize(
    ("volume", "shown"),
    [("0", "300.00"), ("130", "350.00"), ("1000000", "250,317.50")],
)
def test_the_calculator_of_a_tier_prices_a_volume(browse: Browse, volume: str, shown: str) -> None:
    tier = make_tier()
    page = browse(FRANK).get(page_url("tier_detail", tier.pk), {"volume": volume}).content.decode()
    calculation = page.split('id="calculation"')[1].split("</table>")[0]
    assert shown in calculation


@pytest.mark.parametrize("volume", ["-1", "abc", "9" * 40, "1.5"])
def test_a_volume_that_is_none_is_ignored(browse: Browse, volume: str) -> None:
    answer = browse(FRANK).get(page_url("tier_detail", make_tier().pk), {"volume": volume})
    assert answer.status_code == 200
    assert "Together" not in answer.content.decode().split('id="calculation"')[1]


def test_new_prices_start_next_month_and_the_form_starts_from_the_old_ones(
    browse: Browse, alder: Client, actor: Callable[[Person], Actor]
) -> None:
    tier = make_tier()
    browser = browse(ERIN)
    free = browser.get(page_url("tier_terms", tier.pk)).content.decode()
    assert "Set the prices" in free
    assert 'name="reason"' not in free
    put_on(alder, tier, date(2026, 11, 1))
    form = browser.get(page_url("tier_terms", tier.pk)).content.decode()
    assert 'value="300.00"' in form
    assert "Propose these prices" in form
    refused = browser.post(page_url("tier_terms", tier.pk), tier_fields())
    assert "is in use in November 2026" in refused.content.decode()
    sent = tier_fields(starts="2026-12", reason="The index rose.")
    browser.post(page_url("tier_terms", tier.pk), sent)
    asked = ChangeRequest.objects.get()
    assert asked.reason == "The index rose."
    assert version_in(tier, Month(2026, 12)).base_fee == Decimal("300.00")  # type: ignore[union-attr]  # November's
    changes.approve(actor(CAROL), asked.pk, content_hash=asked.content_hash)
    later = version_in(tier, Month(2026, 12))
    assert later is not None
    assert later.base_fee == Decimal("450.00")


def test_a_tier_is_renamed_and_retired(browse: Browse) -> None:
    tier, browser = make_tier(), browse(ERIN)
    browser.post(page_url("tier_detail", tier.pk), {"name": "Basic", "description": "For a start"})
    browser.post(page_url("tier_retire", tier.pk), {"retired": "yes"})
    tier.refresh_from_db()
    assert (tier.name, tier.description, tier.retired_at is None) == ("Basic", "For a start", False)
    browser.get(page_url("tier_list"))
    assert "Basic" not in browser.get(page_url("tier_list")).content.decode()
    assert "Basic" in browser.get(page_url("tier_list"), {"show": "retired"}).content.decode()


def test_an_auditor_reads_prices_and_changes_nothing(browse: Browse) -> None:
    tier, browser = make_tier(), browse(FRANK)
    page = browser.get(page_url("tier_detail", tier.pk)).content.decode()
    assert "New prices" not in page
    assert browser.post(page_url("tier_detail", tier.pk), {"name": "Mine"}).status_code == 403
    for name in ("tier_terms", "tier_retire"):
        assert browser.post(page_url(name, tier.pk), tier_fields()).status_code == 403
    assert browser.post(page_url("tier_add"), tier_fields()).status_code == 403


def test_an_engineer_sees_no_prices(browse: Browse) -> None:
    tier, browser = make_tier(), browse(BOB)
    for address in (
        page_url("tier_list"),
        page_url("tier_detail", tier.pk),
        page_url("subscription_list"),
    ):
        assert browser.get(address).status_code == 403


def test_a_client_has_no_such_page(browse: Browse) -> None:
    tier, browser = make_tier(), browse(GRACE)
    assert browser.get(page_url("tier_detail", tier.pk)).status_code == 404


def test_a_client_is_put_on_a_tier_and_moved_and_the_move_cancelled(
    browse: Browse, alder: Client
) -> None:
    small, large, browser = make_tier("Small"), make_tier("Large"), browse(ALICE)
    add = page_url("subscription_add")
    browser.post(add, {"client": alder.pk, "tier": small.pk, "starts_on": "2026-11-01"})
    browser.post(add, {"client": alder.pk, "tier": large.pk, "starts_on": "2026-12-15"})
    planned = Subscription.objects.get(tier=large)
    assert (
        "Large" in browser.get(page_url("subscription_list"), {"show": "planned"}).content.decode()
    )
    browser.post(page_url("subscription_cancel", planned.pk))
    assert Subscription.objects.get().ends_on is None


def test_what_stands_in_the_way_of_a_subscription_is_told_at_its_field(
    browse: Browse, alder: Client
) -> None:
    tier = make_tier()
    put_on(alder, tier, date(2026, 10, 1))
    answer = browse(ALICE).post(
        page_url("subscription_add"),
        {"client": alder.pk, "tier": tier.pk, "starts_on": "2026-11-01"},
    )
    assert "is on Standard already" in answer.content.decode()


def test_a_subscription_is_ended(browse: Browse, alder: Client) -> None:
    subscription = put_on(alder, make_tier(), date(2026, 10, 1))
    browser = browse(ALICE)
    end = page_url("subscription_end", subscription.pk)
    assert "starts on 2026-10-01" in browser.post(end, {"ends_on": "2026-09-01"}).content.decode()
    told = browser.post(end, {"ends_on": "2026-11-30"}, follow=True).content.decode()
    assert "leaves Standard after 30 Nov 2026." in told
    subscription.refresh_from_db()
    assert subscription.ends_on == date(2026, 11, 30)
    assert browser.post(end, {"ends_on": "9999-12-31"}).status_code == 302, "the last day there is"


def test_more_bands_than_there_are_rows_are_refused() -> None:
    fields = band_fields([(str(n), "1") for n in range(1, 9)]) | {"bands-TOTAL_FORMS": "9"}
    assert not BandFormSet(fields, prefix="bands").is_valid()
