"""Webhooks out: stored with what they tell of, signed, tried eight times, given up after days."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone
from django_tenants.utils import schema_context

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from syncjobs.engine.retention import sweep
from syncjobs.models import Endpoint, Message
from syncjobs.services import endpoints
from syncjobs.services.secrets import rotate_data_key
from syncjobs.tasks import send_mail
from syncjobs.telling import posting, schedule
from syncjobs.telling.sending import send_messages
from tenants.accounts.models import Client
from tenants.models import MailWakeup
from tests import actors
from tests.actors import Person
from tests.fakes.hearer import Heard, Hearer
from tests.posted import posted
from tests.syncjobs.factories import BUILDER
from tests.syncjobs.listening import add, alice, grace, listener, told

__all__ = ["alice", "grace", "listener"]


def verified(secret: str, heard: Heard) -> dict[str, Any]:
    """Check a message as the specification tells a receiver to, with nothing of the product."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    names = ("webhook-id", "webhook-timestamp")
    content = ".".join([*(heard.headers[name] for name in names), heard.body.decode()])
    mark = "v1," + base64.b64encode(hmac.new(key, content.encode(), "sha256").digest()).decode()
    assert mark in heard.headers["webhook-signature"].split(" ")
    return dict(json.loads(heard.body))


def test_the_published_example_comes_out() -> None:
    headers = posting.headers_of(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        now=1_614_265_330,
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_a_message_is_signed_so_that_another_implementation_takes_it(
    listener: Hearer, alice: Actor
) -> None:
    endpoint, secret = add(alice, listener.address)
    told(number=7)
    assert send_messages() == 1
    heard = listener.last
    assert verified(secret, heard)["data"] == {
        "client": None,
        "run": {"id": 7},
    }
    message = Message.objects.get()
    assert heard.headers["webhook-id"] == message.webhook_id
    assert (message.state, message.due_at, message.tries) == ("delivered", None, 1)
    assert secret not in endpoint.secrets
    assert json.loads(heard.body)["version"] == 1


def test_nothing_says_whose_software_sends(listener: Hearer, alice: Actor) -> None:
    add(alice, listener.address)
    told()
    send_messages()
    headers = listener.last.headers
    assert headers["user-agent"] == "integration/1.0"
    assert set(headers) <= {
        "accept", "accept-encoding", "connection", "content-length", "content-type", "host",
        "user-agent", "webhook-id", "webhook-signature", "webhook-timestamp",
    }  # fmt: skip


def test_eight_attempts_follow_the_schedule_under_one_id(listener: Hearer, alice: Actor) -> None:
    add(alice, listener.address)
    told()
    listener.status = 500
    started = timezone.now()
    moments = []
    with time_machine.travel(started, tick=False) as clock:
        for _ in range(schedule.MOST_TRIES + 1):
            if send_messages():
                moments.append(timezone.now() - started)
            due = Message.objects.get().due_at
            if due is None:
                break
            clock.move_to(max(due, timezone.now() + timedelta(seconds=5)))
    assert len(moments) == 8
    assert timedelta(hours=27) < moments[-1] < timedelta(hours=28)
    minutes = [round(one.total_seconds() / 60) for one in moments]
    assert minutes == [0, 0, 5, 35, 155, 455, 1055, 1655]
    assert {one.headers["webhook-id"] for one in listener.heard} == {
        Message.objects.get().webhook_id
    }
    stamps = {one.headers["webhook-timestamp"] for one in listener.heard}
    assert len(stamps) == 8, "each attempt is signed with its own time"
    message = Message.objects.get()
    assert (message.state, len(message.attempts)) == ("failed", 8)
    assert Endpoint.objects.get().state == "on"


def test_an_endpoint_that_fails_for_five_days_is_stopped_and_its_keeper_told(
    listener: Hearer, alice: Actor
) -> None:
    add(alice, listener.address)
    listener.status = 503
    started = timezone.now()
    with time_machine.travel(started, tick=False) as clock:
        for hour in range(0, 140, 6):
            told(number=hour)
            for minute in range(0, 10, 2):
                clock.move_to(started + timedelta(hours=hour, minutes=minute))
                Message.objects.filter(state="waiting", tries=0).update(due_at=timezone.now())
                send_messages()
            if Endpoint.objects.get().state != "on":
                break
        mails = posted()
    assert timedelta(days=5) <= timedelta(hours=hour) < timedelta(days=5, hours=12)
    assert Endpoint.objects.get().state == "stopped"
    assert not Message.objects.exclude(due_at=None).exists()
    assert AuditEntry.objects.filter(action="endpoint.stopped").exists()
    mail = mails[-1]
    assert mail.to == ["alice@partner.example"]
    assert "Ours" in str(mail.subject)
    told(number=999)
    assert not Message.objects.filter(body__contains="999").exists(), "nobody listens any more"


def test_a_quiet_endpoint_is_not_stopped_by_a_second_failure(
    listener: Hearer, alice: Actor
) -> None:
    add(alice, listener.address)
    listener.status = 503
    started = timezone.now()
    with time_machine.travel(started, tick=False) as clock:
        told()
        Message.objects.update(due_at=started)
        assert send_messages() == 1
        clock.move_to(started + timedelta(days=6))
        for number in range(20):
            told(number=number)
        Message.objects.filter(tries=0).update(due_at=timezone.now())
        for second in range(0, 200, 10):
            clock.move_to(started + timedelta(days=6, seconds=second))
            send_messages()
        assert Message.objects.filter(tries__gt=0).count() >= schedule.LEAST_IN_VAIN
        assert Endpoint.objects.get().state == "on", "a short outage after quiet days"
        clock.move_to(started + timedelta(days=6, hours=13))
        send_messages()
    assert Endpoint.objects.get().state == "stopped"


def test_one_success_ends_the_count_of_days(listener: Hearer, alice: Actor) -> None:
    endpoint, _ = add(alice, listener.address)
    Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=4, hours=23))
    told()
    send_messages()
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.state) == (None, "on")


def test_a_receiver_that_is_gone_is_asked_no_more(listener: Hearer, alice: Actor) -> None:
    add(alice, listener.address)
    told()
    told(number=2)
    listener.status = 410
    send_messages()
    assert len(listener.heard) == 1
    assert Endpoint.objects.get().state == "stopped"


def test_a_redirect_is_not_followed(listener: Hearer, alice: Actor) -> None:
    add(alice, listener.address)
    told()
    listener.status = 307
    listener.answer = {"Location": listener.address + "/elsewhere"}
    send_messages()
    assert [one.path for one in listener.heard] == ["/hear"]
    assert Message.objects.get().attempts[0]["status"] == 307


def test_both_secrets_sign_for_a_day_after_a_change(listener: Hearer, alice: Actor) -> None:
    endpoint, old = add(alice, listener.address)
    new = endpoints.rotate_secret(alice, endpoint)
    told()
    send_messages()
    heard = listener.last
    assert len(heard.headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        verified(secret, heard)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        told(number=2)
        send_messages()
    assert len(listener.last.headers["webhook-signature"].split(" ")) == 1


def test_secrets_open_after_the_partners_key_was_rotated(listener: Hearer, alice: Actor) -> None:
    _, secret = add(alice, listener.address)
    rotate_data_key(BUILDER)
    rotate_data_key(BUILDER)
    rotate_data_key(BUILDER)
    told()
    send_messages()
    verified(secret, listener.last)


def test_a_clients_endpoint_hears_of_that_client_alone(
    alice: Actor, grace: Actor, alder: Client, birch: Client
) -> None:
    mine, _ = add(grace, "https://alder.example/hook", "run.failed")
    narrow, _ = add(alice, "https://ours.example/hook", "run.failed", client=birch)
    everything, _ = add(alice, "https://ours.example/all", "run.failed")
    for number, client in enumerate((alder.pk, birch.pk, None)):
        told(client=client, number=number)
    heard = {
        endpoint.pk: {
            json.loads(one.body)["data"]["client"]
            for one in Message.objects.filter(endpoint=endpoint)
        }
        for endpoint in (mine, narrow, everything)
    }
    assert heard == {
        mine.pk: {alder.pk},
        narrow.pk: {birch.pk},
        everything.pk: {alder.pk, birch.pk, None},
    }


def test_a_clients_people_reach_only_what_they_keep(
    alice: Actor, grace: Actor, alder: Client, birch: Client
) -> None:
    theirs, _ = add(alice, "https://ours.example/hook", "run.failed", client=alder)
    assert not endpoints.visible_endpoints(grace).exists()
    for act in (
        lambda: endpoints.rotate_secret(grace, theirs),
        lambda: endpoints.change_endpoint(grace, theirs, url="https://evil.example/"),
        lambda: endpoints.remove_endpoint(grace, theirs),
        lambda: endpoints.send_test(grace, theirs),
        lambda: add(grace, "https://alder.example/", "run.failed", client=birch),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_nobody_lets_a_program_hear_of_what_they_may_not_see(
    actor: Callable[[Person], Actor],
) -> None:
    blind = Actor("person", 1, "Blind", permissions=frozenset({"webhooks.manage"}))
    with pytest.raises(ValidationError):
        add(blind, "https://hook.example/", "invoice.posted")
    with pytest.raises(NotPermitted):
        add(actor(actors.DAVE), "https://hook.example/", "invoice.posted")


def test_a_message_goes_again_by_hand_under_its_id(listener: Hearer, alice: Actor) -> None:
    endpoint, _ = add(alice, listener.address)
    told()
    send_messages()
    message = Message.objects.get()
    endpoints.send_again(alice, message)
    send_messages()
    assert len({one.headers["webhook-id"] for one in listener.heard}) == 1
    assert len(listener.heard) == 2
    Message.objects.update(state="failed")
    assert endpoints.send_failed_again(alice, endpoint) == 1
    endpoints.change_endpoint(alice, endpoint, on=False)
    with pytest.raises(ValidationError):
        endpoints.send_again(alice, message)


def test_a_test_message_is_one(listener: Hearer, alice: Actor) -> None:
    endpoint, _ = add(alice, listener.address, "run.failed")
    endpoints.send_test(alice, endpoint)
    send_messages()
    assert json.loads(listener.last.body)["type"] == "webhook.test"


def test_a_failing_endpoint_rests_and_holds_up_no_other(listener: Hearer, alice: Actor) -> None:
    dead, _ = add(alice, "https://127.0.0.1:9/")
    add(alice, listener.address)
    for number in range(5):
        told(number=number)
    send_messages()
    assert len(listener.heard) == 5
    dead.refresh_from_db()
    assert dead.lease_until is not None
    assert dead.lease_until > timezone.now()
    assert send_messages() == 0, "it rests"


def test_a_worker_is_called_and_comes_back_for_what_is_due_later(
    listener: Hearer, alice: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    add(alice, listener.address)
    listener.status = 500
    with django_capture_on_commit_callbacks(execute=True):
        told()
    row = MailWakeup.objects.get(schema_name="p_northwind")
    assert row.due_at <= timezone.now()
    with schema_context("p_northwind"):
        send_mail("p_northwind")
    row.refresh_from_db()
    assert len(listener.heard) == 1
    assert timedelta(0) < row.due_at - timezone.now() < timedelta(seconds=6)


def test_who_lost_the_lease_writes_nothing(
    listener: Hearer, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = add(alice, listener.address)
    told()

    def overtaken(name: str) -> None:
        if name == "telling.before_record":
            Endpoint.objects.filter(pk=endpoint.pk).update(lease_no=99)

    monkeypatch.setattr("syncjobs.telling.sending.reach", overtaken)
    send_messages()
    assert len(listener.heard) == 1
    message = Message.objects.get()
    assert (message.state, message.attempts) == ("waiting", [])


def test_old_messages_go_and_what_waits_stays(alice: Actor) -> None:
    add(alice, "https://hook.example/")
    told()
    told(number=2)
    Message.objects.update(created_at=timezone.now() - timedelta(days=40))
    gone = Message.objects.order_by("pk")[0]
    Message.objects.filter(pk=gone.pk).update(due_at=None, state="delivered")
    assert sweep({"messages": 30})["messages"] == 1
    assert Message.objects.get().state == "waiting"
