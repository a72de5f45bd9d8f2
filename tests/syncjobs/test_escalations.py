"""Exceptions whose time runs out go further: once, recorded, in one mail to each person."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone
from django.utils.html import strip_tags

from branding.commercial.escalation import Step, reached
from branding.commercial.months import Month
from branding.models import Tier, TierVersion
from branding.services.price_changes import set_or_propose_terms
from branding.services.tiers import Terms, add_tier, terms_of
from governance.models import AuditEntry, ChangeRequest
from syncjobs.connectors.errors import Rejected
from syncjobs.models import CanonicalRecord, Issue
from syncjobs.services.escalations import PAUSE, escalations
from syncjobs.services.issues import resolve_issue
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.choices import choose_mails
from tenants.outbox.services.sending import send_due
from tests.actors import ALICE, DAVE, ERIN, Person
from tests.at_home import at_home, page_url
from tests.branding.commerce import BUILDER, put_on, terms
from tests.branding.test_tiers_pages import tier_fields
from tests.syncjobs.factories import Lab

__all__ = ["at_home"]


def fail(lab: Lab, *numbers: str) -> None:
    """Let the target reject these, each for another reason."""
    words = ("blocked", "locked", "closed", "frozen")
    lab.target.fail_before = [Rejected(f"It is {words[int(one)]}.") for one in numbers]
    for one in numbers:
        lab.put_customer(one, name=f"Again {timezone.now()}")
    lab.drain()


def pass_(hours: float, *issues: Issue) -> None:
    """Let so much of their time go by."""
    rows = Issue.objects.filter(pk__in=[one.pk for one in issues]) if issues else Issue.objects
    for one in rows.all():
        assert one.due_at is not None
        later = timedelta(hours=hours)
        at = one.escalated_at - later if one.escalated_at else None
        Issue.objects.filter(pk=one.pk).update(due_at=one.due_at - later, escalated_at=at)


def on_tier(client: Client, *path: Step, hours: int = 8) -> Tier:
    """Put the client on a tier with this path."""
    known = terms()
    made = add_tier(
        BUILDER,
        name="Escalating",
        terms=Terms(known.prices, sla_hours=hours, escalation=path),
        starts=Month(2026, 1),
    )
    put_on(client, made, date(2026, 1, 1))
    return made


def mails(person: Person) -> list[str]:
    """What somebody was told, in order."""
    send_due()
    return [
        str(one.subject)
        for one in mail.outbox
        if one.to == [person.email] and "escalated" in one.subject
    ]


def test_how_far_it_has_come_follows_from_the_time_that_is_gone() -> None:
    path = (Step(75, "support_agent"), Step(150, "owner"))
    due = timezone.now()
    begun = due - timedelta(hours=8)
    hours = {5.9: 0, 6: 1, 8: 1, 11.9: 1, 12: 2, 100: 2}
    found = {one: reached(path, begun, due, begun + timedelta(hours=one)) for one in hours}
    assert found == hours


def test_without_a_tier_what_is_past_due_goes_to_the_owner_once(lab: Lab) -> None:
    fail(lab, "1", "2")
    escalations()
    assert not Issue.objects.exclude(level=0).exists(), "nothing is due yet"
    pass_(8.1)
    escalations()
    pass_(1)
    escalations()
    assert set(Issue.objects.values_list("level", "escalated_to")) == {(1, "owner")}
    for one in Issue.objects.all():
        texts = one.entries.filter(kind="decision").values_list("text", flat=True)
        assert list(texts) == ["Escalated to Owner. It is past due."]
    assert AuditEntry.objects.filter(action="exception.escalated").count() == 2
    assert len(mails(ALICE)) == 1, "one mail for both, and none again"
    assert mails(ALICE)[0] == "2 exceptions were escalated to you"
    assert not mails(DAVE)


def test_the_mail_says_how_late_each_is_and_what_it_stops(lab: Lab) -> None:
    fail(lab, "1", "2")
    worth = {"amount": "1234.5", "currency": "EUR"}
    CanonicalRecord.objects.filter(key="C-1").update(data=worth)
    pass_(8.1)
    escalations()
    send_due()
    hers = [one for one in mail.outbox if one.to == [ALICE.email] and "escalated" in one.subject]
    (told,) = [str(one.body) for one in hers]
    about = [line.strip() for line in told.splitlines() if lab.client.name in line]
    known = f"{lab.client.name} · past due"
    assert sorted(about) == [known, f"{known} · 1,234.50 EUR"]


def test_it_takes_the_steps_of_its_clients_tier(lab: Lab) -> None:
    on_tier(lab.client, Step(50, "support_agent"), Step(100, "owner"))
    fail(lab, "1")
    pass_(3.9)
    escalations()
    assert Issue.objects.get().level == 0
    pass_(0.2)
    escalations()
    assert Issue.objects.get().escalated_to == "support_agent"
    assert len(mails(DAVE)) == 1
    pass_(4)
    escalations()
    one = Issue.objects.get()
    assert (one.level, one.escalated_to) == (2, "owner")
    assert len(mails(ALICE)) == len(mails(DAVE)) == 1


def test_people_hear_of_it_twice_an_hour_at_most(lab: Lab) -> None:
    fail(lab, "1", "2")
    first, second = Issue.objects.order_by("pk")
    pass_(8.1, first)
    escalations()
    pass_(8.1, second)
    escalations()
    assert Issue.objects.get(pk=second.pk).level == 0
    Issue.objects.filter(pk=first.pk).update(escalated_at=timezone.now() - PAUSE)
    escalations()
    assert Issue.objects.get(pk=second.pk).level == 1
    assert OutgoingMail.objects.filter(kind="escalation").count() == 2


def test_what_comes_back_begins_its_path_anew(lab: Lab) -> None:
    fail(lab, "1")
    pass_(9)
    escalations()
    resolve_issue(BUILDER, Issue.objects.get(), reason="Unlocked.")
    fail(lab, "1")
    one = Issue.objects.get()
    assert (one.state, one.level, one.escalated_to, one.escalated_at) == ("open", 0, "", None)


def test_who_switched_it_off_gets_none_and_a_role_without_people_is_the_owners(lab: Lab) -> None:
    on_tier(lab.client, Step(100, "integration_engineer"))
    User.objects.filter(role_grants__role="integration_engineer").update(is_active=False)
    fail(lab, "1")
    pass_(9)
    escalations()
    assert len(mails(ALICE)) == 1
    choose_mails(User.objects.get(email=ALICE.email), [])
    fail(lab, "2")
    pass_(9)
    escalations()
    assert Issue.objects.filter(level=1).count() == 2
    assert len(mails(ALICE)) == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ((Step(100, "owner"), Step(80, "owner")), "later than the one before"),
        ((Step(100, "nobody"),), "Choose who"),
        ((Step(5, "owner"),), "10 to 500"),
    ],
)
def test_a_path_that_makes_no_sense_is_refused(lab: Lab, path: tuple[Step, ...], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        on_tier(lab.client, *path)


def test_it_changes_as_prices_do_by_a_signed_request(lab: Lab) -> None:
    tier = on_tier(lab.client)
    version = TierVersion.objects.get(tier=tier)
    known = terms_of(version)
    changed = Terms(known.prices, known.sla_hours, escalation=(Step(80, "support_agent"),))
    later = Month.of(timezone.localdate()).plus(1)
    asked = set_or_propose_terms(BUILDER, tier, terms=changed, starts=later)
    assert isinstance(asked, ChangeRequest)
    content = asked.changes.get().content
    assert content["terms"]["escalation"] == [{"percent": 80, "role": "support_agent"}]


@pytest.mark.usefixtures("at_home")
def test_page_list_and_api_say_whom_it_went_to(lab: Lab, browse: Callable[..., Browser]) -> None:
    fail(lab, "1")
    pass_(9)
    escalations()
    staff = browse(DAVE)
    one = page_url("exception_detail", Issue.objects.get().pk)
    for place in (one, page_url("exception_list") + "?show=escalated"):
        text = " ".join(strip_tags(staff.get(place).content.decode()).split())
        assert "Escalated to Owner" in text, place
    dave = User.objects.get(email=DAVE.email)
    token = make_token(BUILDER, user=dave, name="t", scopes=["exceptions.view"])[1]
    program = browse(None, host="admin.northwind.localhost")
    answer = program.get("/api/v1/exceptions/", headers={"Authorization": f"Bearer {token}"})
    (row,) = next(value for value in answer.json().values() if isinstance(value, list))
    assert row["escalated_to"] == "owner"
    assert row["escalated_at"]


@pytest.mark.usefixtures("at_home")
def test_finance_sets_the_path_where_the_promise_is(browse: Callable[..., Browser]) -> None:
    staff = browse(ERIN)
    fields = tier_fields(escalate_to_1="support_agent", escalate_at_1="75", escalate_to_2="owner")
    page = staff.post(page_url("tier_add"), fields, follow=True).content.decode()
    assert "at 75 % to Support agent, at 100 % to Owner" in page
