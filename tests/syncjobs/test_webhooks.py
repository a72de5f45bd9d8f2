"""Webhooks in: kept before they are acknowledged, once each, worked off like what is read."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from django_q.models import OrmQ
from django_tenants.utils import tenant_context
from pytest_django import DjangoAssertNumQueries

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from governance.personal import UNOPENED
from syncjobs import crashpoints, signatures
from syncjobs.engine import doorbell
from syncjobs.intake import arrivals, page
from syncjobs.models import (
    CanonicalRecord,
    Connection,
    Delivery,
    InboundEvent,
    Issue,
    Run,
    Stream,
)
from syncjobs.services import webhooks
from syncjobs.services.secrets import rotate_data_key
from tenants.models import Partner
from tests.syncjobs.factories import BUILDER, Lab
from tests.syncjobs.hooks import Hook


@pytest.fixture
def hook(lab: Lab) -> Hook:
    return Hook(lab)


def test_a_message_becomes_a_record_and_goes_to_its_target(hook: Hook) -> None:
    assert hook.send(hook.account("1")).records == 1
    assert InboundEvent.objects.get().state == "received"
    hook.drain()
    assert hook.lab.target.created("C-1") == 1
    assert hook.lab.source.reads == 0, "nothing had to be read"
    assert InboundEvent.objects.get().state == "processed"
    run = Run.objects.get(kind="intake")
    assert (run.trigger, run.read, run.state) == ("webhook", 1, "succeeded")


def test_a_message_that_comes_again_counts_once(hook: Hook) -> None:
    first, again = hook.send(hook.account("1")), hook.send(hook.account("1"))
    assert (first.repeated, again.repeated) == (False, True)
    hook.drain()
    assert hook.send(hook.account("1")).repeated, "also after it was worked off"
    hook.drain()
    assert len(hook.lab.target.effects) == 1
    assert InboundEvent.objects.count() == 1


def test_many_messages_ring_once_and_the_later_ones_are_kept_by_one_statement(
    hook: Hook, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rings = OrmQ.objects.count()
    hook.send(hook.account("1"), id_="a")
    hook.send(hook.account("2"), id_="b")  # the address's row has changed: it was used
    with django_assert_num_queries(3):  # the address, the key that seals, the rows
        assert hook.send(hook.account("3"), id_="c").records == 1
    with django_assert_num_queries(3):
        assert hook.send(hook.account("3"), id_="c").repeated
    assert OrmQ.objects.count() == rings + 1
    doorbell.answer()
    doorbell.settle()
    hook.send(hook.account("4"), id_="d")
    assert OrmQ.objects.count() == rings + 2, "a worker has come: new work rings again"
    assert InboundEvent.objects.filter(state="received").count() == 4


def test_messages_in_the_wrong_order_leave_the_newest(hook: Hook) -> None:
    hook.send(hook.account("1", name="Newer", at="2026-11-03T12:05:00Z"), id_="b")
    hook.drain()
    hook.send(hook.account("1", name="Older", at="2026-11-03T12:00:00Z"), id_="a")
    hook.drain()
    assert CanonicalRecord.objects.get().data["name"] == "Newer"
    assert len(hook.lab.target.effects) == 1


def test_a_reading_does_not_end_a_newer_message_that_waits(hook: Hook) -> None:
    """A page that was fetched before the message came must not mark it as done."""
    from syncjobs.intake.aside import retire

    hook.send(hook.account("1", name="From the message"))
    retire(hook.lab.customers, ["1"])
    assert InboundEvent.objects.get().state == "received"
    hook.drain()
    assert CanonicalRecord.objects.get().data["name"] == "From the message"


def test_a_record_that_the_mapping_refuses_is_set_aside_and_told(hook: Hook) -> None:
    hook.send(hook.account("1", name=""))
    hook.send(hook.account("2"), id_="msg_2")
    hook.drain()
    assert hook.lab.target.created("C-2") == 1
    assert Issue.objects.get().kind == "intake_problem"
    assert InboundEvent.objects.filter(state="received").count() == 0
    hook.send(hook.account("1", name="Mended", at="2026-11-03T13:00:00Z"), id_="msg_3")
    hook.drain()
    assert hook.lab.target.created("C-1") == 1
    assert Issue.objects.get().state == "resolved"


def test_an_archived_record_is_a_soft_deletion(hook: Hook) -> None:
    hook.send(hook.account("1"))
    hook.drain()
    hook.send(hook.account("1", archived=True, at="2026-11-04T12:00:00Z"), id_="msg_2")
    hook.drain()
    assert CanonicalRecord.objects.get().deleted


def test_a_message_without_records_of_ours_makes_us_read(hook: Hook) -> None:
    later = timezone.now() + timedelta(hours=1)
    Stream.objects.update(next_poll_at=later)
    hook.send({"type": "ping", "data": {}})
    assert Stream.objects.filter(next_poll_at__lt=later).count() == 1
    Stream.objects.update(next_poll_at=later)
    assert hook.send({"type": "ping", "data": {}}).repeated
    assert not Stream.objects.filter(next_poll_at__lt=later).exists()


def test_a_message_that_comes_while_its_source_is_read_makes_us_read_it_again(hook: Hook) -> None:
    due = timezone.now() - timedelta(minutes=1)
    Stream.objects.update(next_poll_at=due)
    hook.send({"type": "ping", "data": {}})
    assert not Stream.objects.filter(next_poll_at=due).exists(), "whoever reads now can tell"


@pytest.mark.parametrize("point", ["hook.before_commit", "hook.after_commit"])
def test_an_answer_that_was_never_sent_costs_nothing(hook: Hook, point: str) -> None:
    crashpoints.arm(f"{point}:raise")
    try:
        with pytest.raises(crashpoints.CrashPoint):
            hook.send(hook.account("1"))
    finally:
        crashpoints.arm("")
    assert InboundEvent.objects.count() == (point == "hook.after_commit")
    hook.send(hook.account("1"))  # the sender tries again
    hook.drain()
    assert hook.lab.target.created("C-1") == 1


def test_a_worker_that_breaks_before_the_commit_leaves_the_message(hook: Hook) -> None:
    hook.send(hook.account("1"))
    crashpoints.arm("arrivals.before_commit:raise")
    try:
        with pytest.raises(crashpoints.CrashPoint):
            hook.drain()
    finally:
        crashpoints.arm("")
    assert not CanonicalRecord.objects.exists()
    hook.drain()
    assert hook.lab.target.created("C-1") == 1
    assert InboundEvent.objects.get().attempts == 2


def test_a_message_that_ends_three_workers_is_parked_and_blocks_nobody(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.send(hook.account("1"))
    hook.send(hook.account("2"), id_="msg_2")
    work = page.take_in

    def breaks(reading: Any, records: Any, **more: Any) -> Any:
        if any(one.id == "1" for one in records):
            raise RuntimeError("poison")
        return work(reading, records, **more)

    monkeypatch.setattr("syncjobs.intake.arrivals.take_in", breaks)
    for _ in range(6):
        hook.drain()
    assert hook.lab.target.created("C-2") == 1
    parked = InboundEvent.objects.get(external_id="1")
    assert (parked.state, parked.attempts) == ("set_aside", 3)
    assert Issue.objects.get().kind == "intake_broke"


def test_a_worker_whose_lease_has_passed_writes_nothing(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.send(hook.account("1"))
    begin = arrivals._begin

    def taken_over(stream: Stream) -> Any:
        rows = begin(stream)
        Stream.objects.filter(pk=stream.pk).update(lease_no=99)
        return rows

    monkeypatch.setattr(arrivals, "_begin", taken_over)
    assert arrivals.work_arrivals(hook.lab.customers.pk, stop=lambda: False) is None
    assert not CanonicalRecord.objects.exists()
    assert Stream.objects.get(pk=hook.lab.customers.pk).lease_until is not None


def test_a_switched_off_connection_keeps_what_comes_for_later(hook: Hook) -> None:
    Connection.objects.filter(pk=hook.lab.source_connection.pk).update(state="disabled")
    hook.send(hook.account("1"))
    hook.drain()
    assert not Delivery.objects.exists()
    Connection.objects.filter(pk=hook.lab.source_connection.pk).update(state="ready")
    hook.drain()
    assert hook.lab.target.created("C-1") == 1


def test_forged_stale_and_broken_messages_leave_no_trace(hook: Hook) -> None:
    headers, raw = hook.message(hook.account("1"))
    with pytest.raises(signatures.BadSignature):
        webhooks.receive(hook.key, headers, raw + b" ")
    with pytest.raises(signatures.BadSignature):
        hook.send(hook.account("1"), age=301)
    with pytest.raises(webhooks.UnknownHook):
        webhooks.receive("nobody", headers, raw)
    for body in ({"type": "accounts.updated", "data": {"no": "without id"}},):
        with pytest.raises(webhooks.BadMessage):
            hook.send(body)
    assert not InboundEvent.objects.exists()


def test_a_new_secret_leaves_the_old_one_good_for_a_day(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, old = hook.key, hook.secret
    new = webhooks.open_hook(BUILDER, hook.lab.source_connection)
    assert new.path.endswith(key), "the address stays"
    hook.send(hook.account("1"), id_="by the old"[:1])
    hook.secret = new.secret
    hook.send(hook.account("2"), id_="msg_2")
    hook.secret = old
    day_after = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(timezone, "now", lambda: day_after)
    with pytest.raises(signatures.BadSignature):
        hook.send(hook.account("3"), id_="msg_3")


def test_the_secret_is_sealed_and_survives_a_rotation_of_the_keys(hook: Hook) -> None:
    row = Connection.objects.get(pk=hook.lab.source_connection.pk)
    assert hook.secret not in row.hook_secrets
    rotate_data_key(BUILDER)
    assert Connection.objects.get(pk=row.pk).hook_secrets != row.hook_secrets
    assert hook.send(hook.account("1")).records == 1
    told = str(list(AuditEntry.objects.values()))
    assert hook.secret not in told


def test_a_flood_is_told_to_wait(hook: Hook, settings: Any) -> None:
    settings.HOOK_RATE_PER_MINUTE = 3
    for n in range(3):
        hook.send(hook.account(str(n)), id_=f"msg_{n}")
    with pytest.raises(webhooks.TooMany):
        hook.send(hook.account("4"), id_="msg_4")


def test_who_may_not_manage_connections_gets_no_address(lab: Lab, dave: Actor) -> None:
    with pytest.raises(NotPermitted):
        webhooks.open_hook(dave, lab.source_connection)
    with pytest.raises(NotPermitted):
        webhooks.close_hook(dave, lab.source_connection, reason="x")


def test_a_closed_address_is_nobodys(hook: Hook) -> None:
    webhooks.close_hook(BUILDER, hook.lab.source_connection, reason="moved")
    with pytest.raises(webhooks.UnknownHook):
        hook.send(hook.account("1"))


@pytest.mark.parametrize("host", ["northwind.localhost", "admin.northwind.localhost"])
def test_the_doors_answer(hook: Hook, northwind: Partner, host: str) -> None:
    headers, raw = hook.message(hook.account("1"))

    def post(host: str, key: str, body: bytes) -> int:
        browser = Browser(headers={"host": host}, enforce_csrf_checks=True)
        answer = browser.post(
            f"/hooks/{key}", body, content_type="application/json", headers=headers
        )
        assert "Set-Cookie" not in answer.headers
        return answer.status_code

    assert post(host, hook.key, raw) == 202
    assert post(host, hook.key, b"{}") == 400
    assert post(host, "nobody", raw) == 404
    assert post(host, hook.key, b" " * (webhooks.LONGEST_BODY + 1)) == 413
    assert Browser(headers={"host": host}).get(f"/hooks/{hook.key}").status_code == 405
    assert post("brightbridge.localhost", hook.key, raw) == 404, "an address is one partner's"
    with tenant_context(northwind):
        assert InboundEvent.objects.count() == 1


def test_messages_that_no_key_opens_hold_up_nobody_and_go_through_once_one_does(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stream.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    monkeypatch.setattr("syncjobs.intake.arrivals.BATCH", 2)
    for number in range(3):
        hook.send(hook.account(str(number)), id_=f"msg_{number}")
    with monkeypatch.context() as wrong_key:
        wrong_key.setattr("syncjobs.payloads.key_for_reading", lambda subject: UNOPENED)
        wrong_key.setattr(
            "syncjobs.payloads.keys_for_writing", lambda subjects: dict.fromkeys(subjects, UNOPENED)
        )
        hook.send(hook.account("3"), id_="msg_3")
        hook.drain()
        assert [one.reference for one in hook.lab.target.effects] == ["C-3"]
        assert set(_states()) == {"set_aside", "processed"}
        issue = Issue.objects.get()
        assert (issue.kind, issue.count, issue.state) == ("message_sealed", 3, "open")
        hook.lab.drain()
        assert _states().count("set_aside") == 3, "nothing of them is lost"
    hook.lab.drain()
    assert len(hook.lab.target.effects) == 4
    assert set(_states()) == {"processed"}
    assert Issue.objects.get().state == "resolved"


def test_an_opened_message_that_its_mapping_refuses_is_told_as_that(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stream.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    hook.send(hook.account("1", name=""))
    with monkeypatch.context() as wrong_key:
        wrong_key.setattr("syncjobs.payloads.key_for_reading", lambda subject: UNOPENED)
        hook.drain()
    hook.lab.drain()
    assert _states() == ["processed", "set_aside"]
    kinds = Issue.objects.order_by("kind").values_list("kind", "state")
    assert list(kinds) == [("intake_problem", "open"), ("message_sealed", "resolved")]


def _states() -> list[str]:
    return list(InboundEvent.objects.order_by("id").values_list("state", flat=True))
