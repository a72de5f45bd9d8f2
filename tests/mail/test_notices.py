"""Who is told what: those whom it concerns, once, under their own host."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.utils import timezone

from branding.mail.notices import tell_statement_ready
from branding.models import Statement
from governance import correlation
from governance.actors import ANONYMOUS, Actor, command_actor
from syncjobs.engine.health import recover, refuse, stumble
from syncjobs.models import Issue
from syncjobs.services.digest import exception_digests
from syncjobs.services.workflows import pause_workflow, resume_workflow
from tenants.accounts.actors import actor_for
from tenants.accounts.invitations import set_password
from tenants.accounts.mail import send_new_device
from tenants.accounts.models import Client, User
from tenants.accounts.services import second_factors
from tenants.accounts.services.people import set_active
from tenants.models import Partner
from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.choices import choose_mails
from tenants.outbox.services.sending import send_due
from tests.actors import ALICE, BOB, DAVE, ERIN, FRANK, GRACE, HEIDI, MALLORY, Person
from tests.syncjobs.factories import make_lab

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
    assert texts[DAVE.email].count("  Alder Consulting · past due\n") == 2
    assert "http://admin.northwind.localhost/work/exceptions/" in texts[DAVE.email]
    assert "7 open exceptions" in texts[GRACE.email]
    assert "Birch" not in texts[GRACE.email]
    assert "1 open exception," in texts[MALLORY.email]
    assert "Alder" not in texts[MALLORY.email]
    assert "http://northwind.localhost/" in texts[MALLORY.email]
    with time_machine.travel(MORNING + timedelta(days=1)):
        exception_digests()
    assert OutgoingMail.objects.filter(to=DAVE.email).count() == 2


def test_who_a_gate_alerts_is_told_of_what_it_holds_and_of_nothing_else(
    northwind: Partner, alder: Client
) -> None:
    issue(alder, 1, detail={"alert": "finance"})
    issue(alder, 2, detail={"alert": "support_agent"})
    issue(alder, 3)
    with time_machine.travel(MORNING):
        exception_digests()
        assert ERIN.email in told()
        assert FRANK.email not in told()
        send_due()
    texts = {one.to[0]: str(one.body) for one in mail.outbox}
    assert "1 open exception," in texts[ERIN.email]
    assert "System 1 of" in texts[ERIN.email]
    assert "3 open exceptions," in texts[DAVE.email]


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


def test_a_new_device_is_told_at_the_persons_own_host(northwind: Partner) -> None:
    with correlation.scope(actor=ANONYMOUS, door="admin", address="203.0.113.7"):
        send_new_device(user(BOB), "Firefox", timezone.now())
    send_due()
    text = str(mail.outbox[0].body)
    assert "203.0.113.7" in text
    assert "http://admin.northwind.localhost/account/" in text


def incidents(person: Person) -> list[str]:
    """What somebody was told about what is stopped, each as its subject and text."""
    send_due()
    mine = [f"{one.subject}\n{one.body}" for one in mail.outbox if one.to == [person.email]]
    return [one for one in mine if "You asked for this mail" in one]


def test_what_stops_is_told_once_to_those_who_asked_and_that_it_is_over(
    alder: Client, birch: Client
) -> None:
    for person in (DAVE, GRACE):
        choose_mails(user(person), ["incident"])
    lab = make_lab(alder)
    refuse(lab.target_connection.pk, "401")
    system = str(lab.target_connection)
    for _ in range(2):
        assert len(incidents(DAVE)) == 1
    assert incidents(DAVE)[0].startswith(f"Stopped: {system}")
    assert "Alder Consulting" in incidents(DAVE)[0]
    assert "http://northwind.localhost/exceptions/" in incidents(GRACE)[0]
    assert not incidents(BOB), "nobody gets it unasked"
    pause_workflow(command_actor("tests"), lab.workflow, reason="Look first")
    assert f"{lab.workflow} is paused" in incidents(DAVE)[1]
    other = issue(birch, 1)
    assert len(incidents(GRACE)) == 2, "another client's trouble is not theirs"
    other.delete()
    recover(lab.target_connection.pk)
    resume_workflow(command_actor("tests"), lab.workflow)
    last = incidents(DAVE)[-1]
    assert last.startswith("Over: everything works again")
    assert f"Over: {lab.workflow} is paused" in last
    told = len(incidents(DAVE))
    refuse(lab.target_connection.pk, "401 again")
    assert len(incidents(DAVE)) == told + 1, "what comes back is told again"


def test_a_breaker_that_opens_is_an_incident_and_one_failure_is_none(alder: Client) -> None:
    choose_mails(user(DAVE), ["incident"])
    lab = make_lab(alder)
    stumble(lab.target_connection.pk, 1, "timeout")
    assert not incidents(DAVE)
    stumble(lab.target_connection.pk, 50, "timeout")
    assert "cannot be reached" in incidents(DAVE)[0]


def test_changes_of_an_account_are_told_to_its_person(northwind: Partner) -> None:
    dave = user(DAVE)
    set_password(dave, "another long passphrase")
    own = actor_for(dave)
    key = second_factors.new_app_key()
    code = str(format_hotp_value(hotp_value(key, int(time.time()) // 30)))
    with correlation.scope(actor=own, door="admin", address="203.0.113.7"):
        second_factors.add_app(own, dave, key, code)
    second_factors.new_codes(own, dave)
    second_factors.remove(own, dave, second_factors.factors_of(dave).get())
    key = second_factors.new_app_key()
    code = str(format_hotp_value(hotp_value(key, int(time.time()) // 30)))
    second_factors.add_app(own, dave, key, code)
    second_factors.reset(actor_for(user(ALICE)), dave, "Phone lost")
    send_due()
    assert [one.to for one in mail.outbox] == [[DAVE.email]] * 6
    assert [one.subject for one in mail.outbox] == [
        "Your password was changed",
        "A second factor was added",
        "New recovery codes were made",
        "A second factor was removed",
        "A second factor was added",
        "Your second factors were reset",
    ]
    assert "203.0.113.7" in str(mail.outbox[1].body)
    assert key not in str(mail.outbox[1].body)
    assert "Alice Moreau did it: Phone lost" in str(mail.outbox[-1].body)


def test_a_first_password_is_no_news(northwind: Partner) -> None:
    dave = user(DAVE)
    dave.set_unusable_password()
    dave.save()
    set_password(dave, "another long passphrase")
    assert told() == []
