"""The worker comes for mail: of every active partner and the operators, and of nobody else."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks

from syncjobs.engine.doorbell import sweep_mail
from syncjobs.tasks import send_mail
from tenants import mailing
from tenants.context import public_scope, schema_scope
from tenants.models import MailWakeup, Partner
from tenants.outbox.doorbell import adopt_schemas, due_schemas
from tenants.outbox.models import OutgoingMail
from tenants.outbox.outcomes import Outcome
from tenants.outbox.services.sending import send_due

TEST = {"name": "Nina", "host": "smtp.example"}


@pytest.fixture(autouse=True)
def _nobody_rang(db: None) -> None:
    """Tests with real workers leave rows behind."""
    with public_scope():
        MailWakeup.objects.all().delete()
        OrmQ.objects.all().delete()


def due_in(schema: str) -> float | None:
    with public_scope():
        row = MailWakeup.objects.filter(schema_name=schema).first()
    return None if row is None else (row.due_at - timezone.now()).total_seconds()


def test_a_queued_mail_rings_once_after_the_commit(
    northwind: Partner, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    schema = northwind.schema_name
    with django_capture_on_commit_callbacks(execute=True):
        mailing.send("nina@x.example", "test", TEST)
        assert due_in(schema) is None, "not before the commit"
    with public_scope():
        assert sweep_mail() == [schema]
        assert sweep_mail() == [], "a ring is on its way"
        tasks = [one.task for one in OrmQ.objects.all()]
    assert [one["func"] for one in tasks] == ["syncjobs.tasks.send_mail"]
    assert tasks[0]["args"] == (schema,), "the queue holds a name and nothing else"
    assert "1 mails" in send_mail(schema)
    assert [one.to for one in mail.outbox] == [["nina@x.example"]]


def test_a_lost_ring_is_rung_again(
    northwind: Partner, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        mailing.send("nina@x.example", "test", TEST)
    with public_scope():
        assert due_schemas() == [northwind.schema_name]
        MailWakeup.objects.update(rung_until=timezone.now() - timedelta(seconds=1))
        assert due_schemas() == [northwind.schema_name]


def test_after_a_failure_it_comes_back_when_the_next_try_is_due(
    northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "_couriers", [lambda one, values: Outcome("retry", "away")])
    mailing.send("nina@x.example", "test", TEST)
    send_due()
    wait = due_in(northwind.schema_name)
    assert wait is not None
    assert 40 < wait < 80
    OutgoingMail.objects.all().delete()
    send_due()
    wait = due_in(northwind.schema_name)
    assert wait is not None
    assert wait > 600, "and from time to time in any case"


def test_every_partner_and_the_operators_are_looked_at_from_the_start(northwind: Partner) -> None:
    with public_scope():
        adopted = adopt_schemas()
        assert {"public", northwind.schema_name} <= set(adopted)
        assert adopt_schemas() == []


def test_a_suspended_partners_mail_waits(northwind: Partner) -> None:
    mailing.send("nina@x.example", "test", TEST)
    with public_scope():
        adopt_schemas()
        Partner.objects.filter(pk=northwind.pk).update(status=Partner.Status.SUSPENDED)
        assert northwind.schema_name not in due_schemas()
    assert "no active partner" in send_mail(northwind.schema_name)
    assert mail.outbox == []
    with schema_scope(northwind.schema_name):
        assert OutgoingMail.objects.get().state == "queued"


def test_the_command_sends_where_no_worker_runs(northwind: Partner, brightbridge: Any) -> None:
    for schema in ("public", northwind.schema_name, brightbridge.schema_name):
        with schema_scope(schema):
            mailing.send(f"{schema.replace('_', '-')}@x.example", "test", TEST)
    out = StringIO()
    call_command("send_mail", schema=northwind.schema_name, stdout=out)
    assert len(mail.outbox) == 1
    call_command("send_mail", stdout=out)
    assert len(mail.outbox) == 3
    assert "2 mails were tried" in out.getvalue()


def test_a_worker_that_is_asked_to_stop_ends_between_two_mails(
    northwind: Partner,
) -> None:
    for number in range(5):
        mailing.send(f"n{number}@x.example", "test", TEST)
    asked = iter([False, False, True])
    assert send_due(stop=lambda: next(asked)) == 2
    assert send_due(most=1) == 1
    assert send_due() == 2
    assert len({one.to[0] for one in mail.outbox}) == len(mail.outbox) == 5


def test_the_partners_rows_are_the_partners(northwind: Partner) -> None:
    mailing.send("canary@x.example", "test", TEST)
    with schema_scope("p_brightbridge"):
        assert not OutgoingMail.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT schema_name FROM public.tenants_mailwakeup")
        assert "canary" not in str(cursor.fetchall())
