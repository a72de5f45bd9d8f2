"""A partner's own mail server: well, slow, broken, hostile, or no mail server at all."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from branding.mail import smtp
from branding.models import MailSender
from branding.services import mail_sender
from branding.services.mail_sender import SenderValues, edit_sender
from branding.services.mail_test import AN_HOUR, send_test
from governance.actors import Actor
from governance.models import AuditEntry
from syncjobs.services.secrets import rotate_data_key
from tenants import mailing
from tenants.models import Partner
from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.sending import send_due
from tests.actors import ALICE, BOB, Person
from tests.mail.servers import Script, serving

ActorOf = Callable[[Person], Actor]
TEST = {"name": "Nina", "host": "smtp.example"}
SECRET = "canary-password-7f3a"


@pytest.fixture(autouse=True)
def _short(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.5)
    monkeypatch.setattr(smtp, "WHOLE_SECONDS", 1.5)


def values(port: int, **others: Any) -> SenderValues:
    known: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "username": "northwind",
        "password": SECRET,
        "from_address": "hello@northwind.example",
    }
    return SenderValues(**{**known, **others})


def ready(actor: ActorOf, port: int, **others: Any) -> MailSender:
    """A sender whose server has been tested."""
    edit_sender(actor(ALICE), values(port, **others))
    assert send_test(actor(ALICE), name="Alice", to=ALICE.email) == ""
    sender = mail_sender.stored_sender()
    assert sender is not None
    return sender


def only() -> OutgoingMail:
    return OutgoingMail.objects.get()


def test_an_untested_server_is_not_used(northwind: Partner, actor: ActorOf) -> None:
    script = Script()
    with serving(script) as port:
        edit_sender(actor(ALICE), values(port))
        mailing.send("nina@x.example", "test", TEST)
        send_due()
    assert script.mails == []
    assert len(mail.outbox) == 1


def test_once_tested_it_takes_every_mail_from_the_partners_address(
    northwind: Partner, actor: ActorOf
) -> None:
    script = Script()
    with serving(script) as port:
        ready(actor, port, from_name="Northwind", reply_to="answers@northwind.example")
        mailing.send("nina@x.example", "test", TEST)
        send_due()
    assert mail.outbox == []
    assert [to for _, to, _ in script.mails] == [
        f"RCPT TO:<{ALICE.email}>",
        "RCPT TO:<nina@x.example>",
    ]
    sender, _, body = script.mails[1]
    assert sender.startswith("MAIL FROM:<hello@northwind.example>")
    assert b"From: Northwind <hello@northwind.example>" in body
    assert b"Reply-To: answers@northwind.example" in body
    assert any(line.startswith("AUTH PLAIN") for line in script.heard)
    assert "EHLO northwind.localhost" in script.heard
    assert only().sender == "partner"


@pytest.mark.parametrize(
    ("change", "tested"),
    [
        ({"port": 2525}, False),
        ({"host": "127.0.0.2"}, False),
        ({"from_address": "other@northwind.example"}, False),
        ({"username": "other"}, False),
        ({"password": "another"}, False),
        ({"from_name": "Other"}, True),
        ({"reply_to": "x@northwind.example"}, True),
    ],
)
def test_a_changed_server_needs_a_new_test(
    northwind: Partner, actor: ActorOf, change: dict[str, Any], tested: bool
) -> None:
    with serving(Script()) as port:
        ready(actor, port)
    edit_sender(actor(ALICE), values(**{"port": port, "password": None, **change}))
    assert (mail_sender.sender_in_use() is not None) == tested


def test_a_stored_password_never_goes_to_another_server(northwind: Partner, actor: ActorOf) -> None:
    with serving(Script()) as port:
        ready(actor, port)
    edit_sender(actor(ALICE), values(port, host="127.0.0.2", password=None))
    sender = mail_sender.stored_sender()
    assert sender is not None
    assert sender.secret == ""


def test_the_password_is_sealed_and_opens_after_new_keys(
    northwind: Partner, actor: ActorOf
) -> None:
    with serving(Script()) as port:
        before = ready(actor, port).secret
        assert SECRET not in before
        rotate_data_key(actor(ALICE))
        after = mail_sender.stored_sender()
        assert after is not None
        assert after.secret != before
        assert send_test(actor(ALICE), name="Alice", to=ALICE.email) == ""
    trail = str([(e.before, e.after, e.object_label) for e in AuditEntry.objects.all()])
    assert SECRET not in trail


FAULTS: list[tuple[str, Script, str]] = [
    ("silent", Script(hang="greeting"), "did not answer in time"),
    ("silent later", Script(hang="MAIL"), "did not answer in time"),
    ("silent at the end", Script(hang="DATA"), "did not answer in time"),
    ("busy", Script(replies={"greeting": "421 later"}), "refused to talk (421)"),
    ("shut", Script(replies={"greeting": "554 no"}), "refused to talk (554)"),
    ("wrong password", Script(replies={"AUTH": "535 no"}), "password were refused"),
    ("no sign-in", Script(offers=()), "does not offer"),
    ("wrong sender", Script(replies={"MAIL": "553 not yours"}), "address was refused (553)"),
    ("grey list", Script(replies={"RCPT": "451 later"}), "mailbox was refused (451)"),
    ("no mailbox", Script(replies={"RCPT": "550 nobody"}), "mailbox was refused (550)"),
    ("spam", Script(replies={"end of data": "554 spam"}), "mail was refused (554)"),
    ("cut off", Script(close_in_data=True), "ended the connection"),
    ("drip", Script(drip=True), "did not answer in time"),
    ("flood", Script(flood=True), "ended the connection"),
]


@pytest.mark.parametrize(
    ("script", "said"), [one[1:] for one in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_test_mail_that_fails_says_why_in_time_and_the_server_is_not_used(
    northwind: Partner, actor: ActorOf, script: Script, said: str
) -> None:
    script.over.clear()
    started = time.monotonic()
    with serving(script) as port:
        edit_sender(actor(ALICE), values(port))
        problem = send_test(actor(ALICE), name="Alice", to=ALICE.email)
    assert said in problem
    assert SECRET not in problem
    assert time.monotonic() - started < 6
    assert mail_sender.sender_in_use() is None
    entry = AuditEntry.objects.filter(action="mail.sender_tested").latest("pk")
    assert entry.after is not None
    assert said in str(entry.after["outcome"])


def test_a_server_that_hides_encryption_gets_neither_password_nor_mail(
    northwind: Partner, actor: ActorOf
) -> None:
    script = Script()  # it does not offer STARTTLS: somebody between took it away
    with serving(script) as port:
        edit_sender(actor(ALICE), values(port, tls="starttls"))
        problem = send_test(actor(ALICE), name="Alice", to=ALICE.email)
    assert "does not offer the encryption" in problem
    assert not [line for line in script.heard if line.startswith(("AUTH", "MAIL"))]


def test_a_server_that_says_starttls_and_goes_on_in_plain_gets_nothing(
    northwind: Partner, actor: ActorOf
) -> None:
    script = Script(offers=("STARTTLS", "AUTH PLAIN"), replies={"STARTTLS": "220 go"})
    with serving(script) as port:
        edit_sender(actor(ALICE), values(port, tls="starttls"))
        problem = send_test(actor(ALICE), name="Alice", to=ALICE.email)
    assert problem
    assert not [line for line in script.heard if line.startswith(("AUTH", "MAIL"))]


def test_what_a_server_says_is_shown_short_and_without_control_characters(
    northwind: Partner, actor: ActorOf
) -> None:
    script = Script(replies={"RCPT": "550 <b>" + "\x1b[31m\u202e" + "x" * 5000})
    with serving(script) as port:
        edit_sender(actor(ALICE), values(port))
        problem = send_test(actor(ALICE), name="Alice", to=ALICE.email)
    assert len(problem) < 300
    assert "\x1b" not in problem
    assert "\u202e" not in problem


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.5",
        "169.254.169.254",
        "[::1]",
        "::1",
        "0.0.0.0",
        "2130706433",
    ],
)
def test_it_is_no_way_into_the_network(
    northwind: Partner, actor: ActorOf, settings: Any, host: str
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    script = Script()
    with serving(script) as port:
        try:
            edit_sender(actor(ALICE), values(port, host=host, tls="starttls"))
        except ValidationError as error:
            assert "host" in error.message_dict  # noqa: PT017
            return
        problem = send_test(actor(ALICE), name="Alice", to=ALICE.email)
    assert "may not be reached" in problem or "no address" in problem
    assert script.heard == []


def test_only_ports_of_mail_are_reached_outside(
    northwind: Partner, actor: ActorOf, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    for port, tls, said in ((6379, "starttls", "port 25, 465"), (25, "none", "could be read")):
        edit_sender(actor(ALICE), values(port, host="1.1.1.1", tls=tls))
        assert said in send_test(actor(ALICE), name="Alice", to=ALICE.email)


def test_a_name_that_answers_otherwise_a_moment_later_changes_nothing(
    northwind: Partner, actor: ActorOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []

    def connect(address: tuple[str, int], timeout: float) -> Any:
        reached.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", connect)
    edit_sender(actor(ALICE), values(587, host="localhost"))
    send_test(actor(ALICE), name="Alice", to=ALICE.email)
    assert reached == ["127.0.0.1"], "the address that was checked, not the name"


def test_a_server_that_refuses_us_is_stepped_in_for_at_once_and_asked_again_later(
    northwind: Partner, actor: ActorOf
) -> None:
    script = Script()
    with serving(script) as port:
        ready(actor, port)
        script.replies["AUTH"] = "535 expired"
        for number in range(3):
            mailing.send(f"n{number}@x.example", "test", TEST)
        send_due()
        assert len(mail.outbox) == 3, "nobody waits for their mail"
        tries = sum(line.startswith("AUTH") for line in script.heard)
        sender = mail_sender.stored_sender()
        assert sender is not None
        assert sender.state == "failing"
        assert "password were refused" in sender.last_error
        assert tries == 2, "the test's, and one; then it rests"
        del script.replies["AUTH"]
        with time_machine.travel(timezone.now() + mail_sender.REST + timedelta(seconds=1)):
            mailing.send("later@x.example", "test", TEST)
            send_due()
        assert script.mails[-1][1] == "RCPT TO:<later@x.example>"
    assert mail_sender.stored_sender().state == "verified"  # type: ignore[union-attr]


def test_a_server_that_is_away_is_waited_for_a_little_then_stepped_in_for(
    northwind: Partner, actor: ActorOf
) -> None:
    with serving(Script()) as port:
        ready(actor, port)
    mailing.send("nina@x.example", "test", TEST)
    now = timezone.now()
    for _ in range(2):
        with time_machine.travel(now):
            send_due()
        assert mail.outbox == []
        assert only().state == "queued"
        now += timedelta(minutes=9)
    with time_machine.travel(now):
        send_due()
    assert len(mail.outbox) == 1
    assert (only().state, only().sender) == ("sent", "platform")


@pytest.mark.parametrize(
    ("replies", "became"),
    [({"RCPT": "550 nobody"}, "bounced"), ({"end of data": "554 spam"}, "failed")],
)
def test_a_refused_mailbox_or_mail_is_final_and_not_the_servers_fault(
    northwind: Partner, actor: ActorOf, replies: dict[str, str], became: str
) -> None:
    script = Script()
    with serving(script) as port:
        ready(actor, port)
        script.replies.update(replies)
        mailing.send("nina@x.example", "test", TEST)
        send_due()
        send_due()
    assert only().state == became
    assert mail.outbox == []
    assert mail_sender.sender_in_use() is not None


def test_taken_once_it_is_never_sent_twice_even_when_the_goodbye_fails(
    northwind: Partner, actor: ActorOf
) -> None:
    script = Script()
    with serving(script) as port:
        ready(actor, port)
        script.hang = "QUIT"
        mailing.send("nina@x.example", "test", TEST)
        send_due()
        send_due()
    assert len(script.mails) == 2, "the test's and this"
    assert only().state == "sent"


@pytest.mark.parametrize("field", ["from_name", "reply_to", "from_address", "host", "username"])
def test_no_setting_brings_a_header(northwind: Partner, actor: ActorOf, field: str) -> None:
    script = Script()
    trick = "a@b.example\r\nBcc: victim@x.example\r\n\r\n<script>"
    with serving(script) as port:
        try:
            edit_sender(actor(ALICE), values(port, **{field: trick}))
        except ValidationError:
            return
        send_test(actor(ALICE), name="Alice", to=ALICE.email)
    for sender, to, body in script.mails:
        head = body.split(b"\r\n\r\n")[0]
        assert b"\nBcc" not in head
        assert "victim" not in sender + to


def test_only_who_manages_the_brand_and_not_without_end(northwind: Partner, actor: ActorOf) -> None:
    with pytest.raises(PermissionDenied):
        edit_sender(actor(BOB), values(587))
    with pytest.raises(PermissionDenied):
        send_test(actor(BOB), name="Bob", to=BOB.email)
    with serving(Script()) as port:
        edit_sender(actor(ALICE), values(port))
        for _ in range(AN_HOUR):
            send_test(actor(ALICE), name="Alice", to=ALICE.email)
        with pytest.raises(ValidationError, match="in an hour"):
            send_test(actor(ALICE), name="Alice", to=ALICE.email)


def test_a_server_changed_during_its_test_is_not_used(
    northwind: Partner, actor: ActorOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_sender(actor(ALICE), values(587))

    def meanwhile(*_: object) -> None:
        edit_sender(actor(ALICE), values(588))

    monkeypatch.setattr(smtp, "hand_over", meanwhile)
    with pytest.raises(ValidationError, match="meanwhile"):
        send_test(actor(ALICE), name="Alice", to=ALICE.email)
    assert mail_sender.sender_in_use() is None
