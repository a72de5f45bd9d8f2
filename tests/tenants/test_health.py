"""Alive and ready: answered for any host, before a partner is looked for."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from tenants import health
from tenants.models import Wakeup

pytestmark = pytest.mark.usefixtures("db")
HOSTS = ["localhost", "northwind.localhost", "10.1.2.3", "nobody.example"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_any_host_gets_an_answer(host: str, path: str) -> None:
    assert Client(headers={"host": host}).get(path).status_code == 200


def test_nothing_else_is_answered_there() -> None:
    for path in ("/healthz/", "/readyz/x", "/health"):
        assert Client(headers={"host": "nobody.example"}).get(path).status_code == 404


def test_no_name_of_the_product_or_a_library_is_in_it() -> None:
    answer = Client().get("/readyz")
    text = f"{answer.content!r} {answer.headers}".lower()
    assert not [word for word in ("livery", "django", "postgres", "unfold") if word in text]


def test_alive_does_not_ask_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "public_is_pending", refuse)
    assert Client().get("/healthz").json() == {"alive": True}


def refuse() -> bool:
    """Stand in for a database that has gone away."""
    raise OperationalError("the connection is closed")


def test_without_the_database_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "public_is_pending", refuse)
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": "unavailable"}


def test_before_the_migrations_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "public_is_pending", lambda: True)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "pending")


def test_it_tells_how_long_work_has_waited() -> None:
    OrmQ.objects.all().delete()
    now = timezone.now()
    Wakeup.objects.update(due_at=None)  # both partners ring when they are set up
    Wakeup.objects.filter(schema_name="p_northwind").update(due_at=now - timedelta(seconds=90))
    OrmQ.objects.create(key="doorbell", payload="x", lock=now - timedelta(seconds=30))
    OrmQ.objects.create(key="doorbell", payload="y", lock=now + timedelta(seconds=900))
    work = Client().get("/readyz").json()["work"]
    assert 89 < work["oldest_due_seconds"] < 100
    assert 29 < work["queue_oldest_seconds"] < 40
    assert work["queue_waiting"] == 1


def test_work_that_somebody_has_taken_does_not_wait() -> None:
    now = timezone.now()
    Wakeup.objects.all().update(due_at=None)
    Wakeup.objects.filter(schema_name="p_northwind").update(
        due_at=now - timedelta(seconds=90), lease_until=now + timedelta(seconds=30)
    )
    assert health.waiting_work()["oldest_due_seconds"] is None
