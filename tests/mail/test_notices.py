"""Who is told what: those whom it concerns, once, under their own host."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from branding.mail.notices import (
    tell_incident,
    tell_report_ready,
    tell_statement_ready,
)
from branding.models import Statement
from governance import correlation
from governance.actors import ANONYMOUS, Actor, command_actor
from syncjobs.models import Issue
from syncjobs.services.digest import exception_digests
from tenants.accounts.mail import send_new_device
from tenants.accounts.models import Client, User
from tenants.accounts.services.people import set_active
from tenants.models import Partner
from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.choices import choose_mails
from tenants.outbox.services.sending import send_due
from tests.actors import ALICE, BOB, DAVE, ERIN, GRACE, HEIDI, MALLORY, Person

ActorOf = Callable[[Person], Actor]
MORNING = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def told() -> list[str]:
    """To whom mails wait, in order."""
    return sorted(OutgoingMail.objects.values_list("to", flat=True))


def user(person: Person) -> User:
    return User.objects.get(email=person.email)


def issue(client: Client, number: int, **others: object) -> Issue:
    return Issue.objects.create(
        client=client,
        fingerprint=f"{client.pk}-{number}",
        class_name="technical",
        kind="system_unreachable",
        title=f"System {number} of {client} cannot be reached",
        **others,
    )


def test_each_person_who_works_the_queue_gets_one_digest_a_day_of_what_they_may_see(
    northwind: Partner, alder: Client, birch: Client
) -> None:
    for number in range(7):
        issue(alder, number, due_at=MORNING - timedelta(hours=1) if number < 2 else None)
    issue(birch, 1)
    with time_machine.travel(MORNING):
        for _ in range(3):
            exception_digests()
        assert told() == sorted(one.email for one in (ALICE, BOB, DAVE, GRACE, MALLORY))
        send_due()
    texts = {one.to[0]: str(one.body) for one in mail.outbox}
    assert "8 open exceptions, 2 past due" in texts[DAVE.email]
    assert "And 3 more." in texts[DAVE.email]
    assert "http://admin.northwind.localhost/work/exceptions/" in texts[DAVE.email]
    assert "7 open exceptions" in texts[GRACE.email]
    assert "Birch" not in texts[GRACE.email]
    assert "1 open exception," in texts[MALLORY.email]
    assert "Alder" not in texts[MALLORY.email]
    assert "http://northwind.localhost/" in texts[MALLORY.email]
    with time_machine.travel(MORNING + timedelta(days=1)):
        exception_digests()
    assert OutgoingMail.objects.filter(to=DAVE.email).count() == 2


@pytest.mark.parametrize("hour", [0, 6, 20, 23])
def test_no_digest_at_night(northwind: Partner, alder: Client, hour: int) -> None:
    issue(alder, 1)
    with time_machine.travel(MORNING.replace(hour=hour)):
        exception_digests()
    assert told() == []


def test_no_digest_of_nothing_nor_to_whoever_does_not_want_it(
    northwind: Partner, alder: Client
) -> None:
    with time_machine.travel(MORNING):
        exception_digests()
        assert told() == []
        choose_mails(user(DAVE), [])
        issue(alder, 1)
        exception_digests()
    assert DAVE.email not in told()
    assert BOB.email in told()


def _statement(client: Client) -> Statement:
    return Statement.objects.create(
        client=client,
        number=7,
        month=date(2026, 10, 1),
        currency="EUR",
        total=Decimal("1240.5"),
        used=10,
        included=5,
        outside=5,
        issued_by="Erin",
    )


def test_a_statement_is_told_to_the_clients_own_people_who_may_see_it(
    northwind: Partner, alder: Client
) -> None:
    statement = _statement(alder)
    tell_statement_ready(statement)
    tell_statement_ready(statement)
    assert told() == sorted([GRACE.email, HEIDI.email]), "once each, and nobody of another client"
    send_due()
    text = str(mail.outbox[0].body)
    assert "Alder Consulting for October 2026" in text
    assert "EUR 1,240.50" in text
    assert "http://northwind.localhost/usage/statements/issued/7/" in text


def test_nobody_with_a_closed_account_is_told(northwind: Partner, alder: Client) -> None:
    set_active(command_actor("tests"), user(GRACE), active=False)
    tell_statement_ready(_statement(alder))
    assert told() == [HEIDI.email]


def test_reports_incidents_and_new_devices_reach_the_persons_own_host(northwind: Partner) -> None:
    tell_report_ready([user(GRACE)], key="r1", title="Review", period="Q3", path="/reports/1/")
    tell_incident(
        [user(ERIN)], key="i1", title="Late", text="One.\nTwo.", over=False, at=timezone.now()
    )
    with correlation.scope(actor=ANONYMOUS, door="admin", address="203.0.113.7"):
        send_new_device(user(BOB), "Firefox", timezone.now())
    send_due()
    texts = {one.to[0]: str(one.body) for one in mail.outbox}
    assert "http://northwind.localhost/reports/1/" in texts[GRACE.email]
    assert "One.\nTwo." in texts[ERIN.email]
    assert "203.0.113.7" in texts[BOB.email]
    assert "http://admin.northwind.localhost/account/" in texts[BOB.email]
