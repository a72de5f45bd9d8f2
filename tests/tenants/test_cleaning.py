"""Sessions that have ended and what hangs on them go in batches; what is open stays."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_q.models import Task

from syncjobs.tasks import send_mail
from tenants.accounts.models import SupportGrant, SupportVisit, User
from tenants.context import public_scope
from tenants.models import Partner
from tenants.services import cleaning
from tests.actors import ALICE, GRACE, PASSWORD

HOUR = timedelta(hours=1)


def session(key: str, ends_in: timedelta) -> None:
    now = timezone.now()
    Session.objects.create(session_key=key, session_data="", expire_date=now + ends_in)
    user = User.objects.order_by("pk")[0]
    row = UserSession.objects.create(user=user, session_key=key, ip="127.0.0.1", user_agent="x")
    UserSession.objects.filter(pk=row.pk).update(last_seen_at=now - timedelta(days=2))


def test_ended_sessions_go_with_their_entries_and_open_ones_stay(
    northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        # A plan that looks at the batch once for each row would take more than the batch.
        cursor.execute(
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
            "SET LOCAL enable_hashagg = off; SET LOCAL enable_sort = off;"
            "SET LOCAL enable_material = off"
        )
    for number in range(5):
        session(f"old-{number}", -HOUR)
    session("open", HOUR)
    monkeypatch.setattr(cleaning, "BATCH", 2)
    monkeypatch.setattr(cleaning, "MOST_BATCHES", 2)
    assert cleaning.clean()["sessions"] == 4
    assert cleaning.clean()["sessions"] == 1
    cleaning.clean()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == ["open"]


def test_a_person_at_work_notices_nothing(
    browse: Callable[..., Client], northwind: Partner
) -> None:
    browser = browse(None, host="northwind.localhost")
    browser.post("/sign-in/", {"email": GRACE.email, "password": PASSWORD})
    assert send_mail("p_northwind")
    assert browser.get("/account/").status_code == 200


def test_the_worker_cleans_each_schema_and_the_public_one_once_an_hour(
    northwind: Partner, operator: User
) -> None:
    old = timezone.now() - timedelta(days=40)
    session("ours", -HOUR)
    grant = SupportGrant.objects.create(
        reason="r", granted_by=User.objects.get(email=ALICE.email), expires_at=timezone.now() + HOUR
    )
    for ticket, entered in (("unused", None), ("used", old)):
        visit = SupportVisit.objects.create(
            grant=grant, operator_id=1, operator_name="O", reason="r", ticket=ticket
        )
        SupportVisit.objects.filter(pk=visit.pk).update(asked_at=old, entered_at=entered)
    with public_scope():
        session("theirs", -HOUR)
        for number, stopped in enumerate((old, timezone.now())):
            Task.objects.create(
                id=f"t{number}", name="t", func="f", started=old, stopped=stopped, success=False
            )
    cache.clear()
    send_mail("p_northwind")
    assert not Session.objects.filter(session_key="ours").exists()
    assert list(SupportVisit.objects.values_list("ticket", flat=True)) == ["used"]
    with public_scope():
        assert Session.objects.filter(session_key="theirs").exists()
    send_mail("public")
    with public_scope():
        assert not Session.objects.filter(session_key="theirs").exists()
        assert list(Task.objects.values_list("id", flat=True)) == ["t1"]
    session("later", -HOUR)
    send_mail("p_northwind")
    assert Session.objects.filter(session_key="later").exists(), "not before the next hour"
