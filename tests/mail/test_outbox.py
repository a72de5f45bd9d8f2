"""The queue of mails: with what it tells of, once, not too often, and never in vain."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance.actors import command_actor
from governance.errors import BadTransition
from tenants import mailing
from tenants.accounts.mail import send_invitation
from tenants.accounts.models import User
from tenants.accounts.services.people import set_active
from tenants.context import public_scope
from tenants.models import Partner
from tenants.outbox import state
from tenants.outbox.models import OutgoingMail
from tenants.outbox.outcomes import MOST_ATTEMPTS, Outcome
from tenants.outbox.services import sending
from tenants.outbox.services.sending import send_due
from tests.actors import ALICE, BOB, DAVE

Browse = Callable[..., Browser]
TEST = {"name": "Nina", "host": "smtp.example"}


@pytest.fixture
def hand_over(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[OutgoingMail]]:
    """Put a courier of the test's own in place; returns what it was given."""
    given: list[OutgoingMail] = []

    def put(does: Any) -> list[OutgoingMail]:
        def courier(one: OutgoingMail, values: Any) -> Outcome:
            given.append(one)
            if isinstance(does, BaseException):
                raise does
            outcome = does(one) if callable(does) else does
            assert isinstance(outcome, Outcome)
            return outcome

        monkeypatch.setattr(mailing, "_couriers", [courier])
        return given

    return put


def one_mail() -> OutgoingMail:
    return OutgoingMail.objects.get()


def test_nothing_leaves_before_the_worker_comes(northwind: Partner) -> None:
    mailing.send("nina@x.example", "test", TEST)
    assert mail.outbox == []
    assert send_due() == 1
    assert [one.to for one in mail.outbox] == [["nina@x.example"]]
    assert send_due() == 0
    assert len(mail.outbox) == 1


def test_what_is_undone_mails_nobody(northwind: Partner) -> None:
    with transaction.atomic():
        mailing.send("nina@x.example", "test", TEST)
        transaction.set_rollback(True)
    assert not OutgoingMail.objects.exists()


def test_a_mail_that_was_sent_keeps_no_content(northwind: Partner) -> None:
    mailing.send("nina@x.example", "test", TEST)
    assert one_mail().values == TEST
    send_due()
    sent = one_mail()
    assert (sent.state, sent.values, sent.sender) == ("sent", {}, "platform")
    assert sent.subject == "Test mail of Northwind Ops"
    assert sent.ended_at is not None


def test_a_link_that_lets_somebody_in_is_never_stored(northwind: Partner) -> None:
    bob = User.objects.get(email=BOB.email)
    bob.set_unusable_password()
    bob.save()
    send_invitation(bob, "Alice Moreau")
    assert "welcome" not in str(one_mail().values)
    send_due()
    assert "http://admin.northwind.localhost/welcome/" in str(mail.outbox[0].body)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM outbox_outgoingmail t")
        assert "welcome" not in str(cursor.fetchall())


def test_it_comes_from_the_brand_and_is_answered_to_its_support(northwind: Partner) -> None:
    mailing.send("nina@x.example", "test", TEST)
    number = one_mail().number.hex
    send_due()
    (sent,) = mail.outbox
    assert sent.from_email.startswith("Northwind Ops <")
    headers = sent.message()
    assert headers["Message-ID"] == f"<{number}@northwind.localhost>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert "livery" not in headers.as_string().lower().replace("no-reply@localhost", "")


def test_operators_mail_is_kept_in_their_own_schema(northwind: Partner) -> None:
    with public_scope():
        mailing.send("op@platform.example", "test", TEST)
        assert OutgoingMail.objects.count() == 1
        send_due()
    assert not OutgoingMail.objects.exists()
    assert mail.outbox[0].to == ["op@platform.example"]


def test_a_passing_error_is_tried_again_later_and_not_for_ever(
    northwind: Partner, hand_over: Callable[[Any], list[OutgoingMail]]
) -> None:
    given = hand_over(Outcome("retry", "The server could not be reached."))
    mailing.send("nina@x.example", "test", TEST)
    now = timezone.now()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        with time_machine.travel(now, tick=False):
            assert send_due() == 1
            assert send_due() == 0, "not again at once"
        assert len(given) == attempt
        now += timedelta(hours=15)
    ended = one_mail()
    assert (ended.state, ended.last_error) == ("failed", "The server could not be reached.")
    assert ended.values == TEST, "an owner can send it again"
    with time_machine.travel(now, tick=False):
        assert send_due() == 0


@pytest.mark.parametrize(("move", "became"), [("bounce", "bounced"), ("fail", "failed")])
def test_a_refusal_for_good_ends_it(
    northwind: Partner, hand_over: Callable[[Any], list[OutgoingMail]], move: Any, became: str
) -> None:
    given = hand_over(Outcome(move, "The mailbox was refused (550)."))
    mailing.send("nina@x.example", "test", TEST)
    for _ in range(3):
        send_due()
    assert len(given) == 1
    assert one_mail().state == became


def test_a_reset_that_failed_keeps_nothing(
    northwind: Partner, hand_over: Callable[[Any], list[OutgoingMail]]
) -> None:
    hand_over(Outcome("bounce", "no"))
    mailing.send(DAVE.email, "password_reset", {"kind": "staff"})
    send_due()
    assert (one_mail().values, one_mail().can_be_sent_again) == ({}, False)


def test_a_mail_that_cannot_be_made_does_not_stop_the_next(
    northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing.send("nina@x.example", "statement_ready", {"number": 1})
    OutgoingMail.objects.update(kind="no_such_kind")
    mailing.send("nina@x.example", "test", TEST)
    send_due()
    assert [one.subject for one in mail.outbox] == ["Test mail of Northwind Ops"]
    assert OutgoingMail.objects.get(kind="no_such_kind").state == "queued"


def test_a_dead_workers_mail_goes_on_after_its_lease_and_the_dead_one_writes_nothing(
    northwind: Partner, hand_over: Callable[[Any], list[OutgoingMail]]
) -> None:
    mailing.send("nina@x.example", "test", TEST)
    dead = sending._claim()
    assert dead is not None
    assert sending._claim() is None, "it is leased"
    given = hand_over(Outcome("accept", subject="s", sender="platform"))
    with time_machine.travel(timezone.now() + sending.LEASE + timedelta(seconds=1)):
        assert send_due() == 1
        sending._record(dead, Outcome("bounce", "too late"))
    assert len(given) == 1
    assert one_mail().state == "sent"


def test_a_mail_that_kills_its_workers_is_given_up(
    northwind: Partner, hand_over: Callable[[Any], list[OutgoingMail]]
) -> None:
    given = hand_over(Outcome("accept"))
    mailing.send("nina@x.example", "test", TEST)
    OutgoingMail.objects.update(attempts=MOST_ATTEMPTS, state="sending", lease_until=timezone.now())
    send_due()
    assert given == []
    assert one_mail().state == "failed"


def test_the_same_key_is_queued_once(northwind: Partner) -> None:
    assert mailing.send("nina@x.example", "statement_ready", {}, key="report 1 nina")
    assert not mailing.send("nina@x.example", "statement_ready", {}, key="report 1 nina")
    assert OutgoingMail.objects.count() == 1


def test_one_mailbox_gets_one_reset_a_minute_and_ten_a_day_whichever_process_asks(
    northwind: Partner,
) -> None:
    now = timezone.now()
    queued = 0
    for minute in range(20):
        with time_machine.travel(now + timedelta(minutes=2 * minute), tick=False):
            queued += mailing.send(DAVE.email.upper(), "password_reset", {"kind": "staff"})
            assert not mailing.send(DAVE.email, "password_reset", {"kind": "staff"})
    assert queued == 10
    assert mailing.send(BOB.email, "password_reset", {"kind": "staff"}), "others are not hindered"


def test_an_invitation_is_pointless_once_the_person_came_in_or_was_closed(
    northwind: Partner,
) -> None:
    bob = User.objects.get(email=BOB.email)
    send_invitation(bob, "Alice")
    send_due()
    assert one_mail().state == "dropped"
    dave = User.objects.get(email=DAVE.email)
    dave.set_unusable_password()
    dave.save()
    send_invitation(dave, "Alice")
    set_active(command_actor("tests"), dave, active=False)
    send_due()
    assert mail.outbox == []
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"dropped"}


def _statements(browse: Browse, email: str) -> list[str]:
    """What the database is asked when somebody asks for a link, without the values."""
    found: list[str] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append(re.sub(r'"s\d+_x\d+"', "name", sql))
        return execute(sql, params, many, context)

    browser = browse(None, host="admin.northwind.localhost")
    with connection.execute_wrapper(keep):
        assert browser.post("/password/", {"email": email}).status_code == 200
    return found


def test_asking_for_a_link_does_the_same_for_an_address_that_nobody_has(browse: Browse) -> None:
    browse(None, host="admin.northwind.localhost").post("/password/", {"email": "first@x.example"})
    known, unknown = _statements(browse, DAVE.email), _statements(browse, "nobody@x.example")
    assert known == unknown
    assert any("INSERT INTO" in sql and "outbox" in sql for sql in known)
    again, unknown_again = _statements(browse, DAVE.email), _statements(browse, "nobody@x.example")
    assert again == unknown_again, "the limit tells nothing either"


def test_no_mail_goes_to_an_address_that_nobody_has_nor_through_the_wrong_door(
    browse: Browse, northwind: Partner
) -> None:
    for host, email in (
        ("admin.northwind.localhost", "nobody@x.example"),
        ("northwind.localhost", DAVE.email),  # staff at the clients' door
    ):
        browse(None, host=host).post("/password/", {"email": email})
    with tenant_context(northwind):
        assert send_due() == 2
    assert mail.outbox == []
    browse(None, host="admin.northwind.localhost").post("/password/", {"email": ALICE.email})
    with tenant_context(northwind):
        send_due()
    assert [one.to for one in mail.outbox] == [[ALICE.email]]


def test_one_place_cannot_fill_the_queue(browse: Browse, northwind: Partner) -> None:
    browser = browse(None, host="admin.northwind.localhost")
    for number in range(40):
        answer = browser.post("/password/", {"email": f"n{number}@x.example"})
        assert answer.status_code == 200
    with tenant_context(northwind):
        assert OutgoingMail.objects.count() == 30


def test_old_mails_are_forgotten(northwind: Partner) -> None:
    mailing.send("nina@x.example", "test", TEST)
    send_due()
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        send_due()
    assert not OutgoingMail.objects.exists()


def test_no_state_is_reached_but_by_the_table() -> None:
    with pytest.raises(BadTransition, match="sent"):
        state.after("sent", "claim")
    for before in state.ENDED - {"failed", "bounced"}:
        with pytest.raises(BadTransition):
            state.after(before, "send_again")


def test_there_is_one_courier() -> None:
    with pytest.raises(RuntimeError, match="registered already"):
        mailing.register_courier(lambda one, values: Outcome("accept"))
