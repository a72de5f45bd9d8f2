"""Several processes at one outbox, on rows that are really committed."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any, TypeVar

import pytest
from django.db import connection
from django_tenants.utils import tenant_context
from pytest_django import DjangoDbBlocker

from tenants import mailing
from tenants.context import public_scope
from tenants.models import MailWakeup, Partner
from tenants.outbox.models import OutgoingMail
from tenants.outbox.outcomes import Outcome
from tenants.outbox.services.sending import send_due
from tests.syncjobs.committed import committed_partner

T = TypeVar("T")


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In this module the database without a transaction around the test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def lab(db: None) -> Iterator[Partner]:
    """A partner whose rows every connection sees."""
    with committed_partner("mail-lab") as (partner, _):
        yield partner
        with public_scope():
            MailWakeup.objects.filter(schema_name=partner.schema_name).delete()


def at_once(partner: Partner, count: int, do: Callable[[], T]) -> list[T]:
    """Do the same in several threads, each with a connection of its own, from one moment on."""
    barrier = Barrier(count)

    def one(_: int) -> T:
        try:
            with tenant_context(partner):
                barrier.wait(10)
                return do()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_mailbox_gets_one_reset_however_many_ask_at_once(lab: Partner) -> None:
    queued = at_once(
        lab, 8, lambda: mailing.send("nina@x.example", "password_reset", {"kind": "staff"})
    )
    assert sorted(queued) == [False] * 7 + [True]
    assert OutgoingMail.objects.count() == 1
    with public_scope():
        assert MailWakeup.objects.filter(schema_name=lab.schema_name).exists(), "it rang"


def test_a_key_is_queued_once_however_many_ask_at_once(lab: Partner) -> None:
    values = {"name": "Nina", "title": "Review", "period": "Q3", "link": "https://x.example/"}
    queued = at_once(
        lab, 8, lambda: mailing.send("n@x.example", "statement_ready", values, key="k")
    )
    assert sorted(queued) == [False] * 7 + [True]
    assert OutgoingMail.objects.count() == 1


def test_several_workers_hand_each_mail_over_once(
    lab: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: Counter[str] = Counter()
    lock = Lock()

    def courier(mail: OutgoingMail, values: Any) -> Outcome:
        with lock:
            handed[mail.to] += 1
        return Outcome("accept", subject="s", sender="platform")

    monkeypatch.setattr(mailing, "_couriers", [courier])
    for number in range(30):
        mailing.send(f"n{number}@x.example", "test", {"name": "Nina", "host": "h"})
    assert sum(at_once(lab, 4, send_due)) == 30
    assert len(handed) == 30
    assert set(handed.values()) == {1}
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"sent"}
