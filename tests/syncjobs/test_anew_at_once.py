"""What is gone in a target is made again once, whoever asks for it in the same moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from pytest_django import DjangoDbBlocker

from governance.errors import BadTransition
from syncjobs.models import Delivery, ExternalRef, Issue, Run
from syncjobs.services.anew import make_again, make_issue_again
from syncjobs.services.issues import retry_issue
from syncjobs.state import BLOCKED, NEEDS_PERSON
from tenants.context import current_schema, schema_scope
from tests.syncjobs.committed import committed_partner
from tests.syncjobs.factories import BUILDER, Lab, make_lab, make_workflow, step

WHY = "It was deleted by mistake."
COUNT = 6


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In this module the database without a transaction around the test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def committed(db: None) -> Iterator[Lab]:
    """Customers that two workflows write to one system, on really committed rows."""
    with committed_partner("anew-lab") as (_, client):
        lab = make_lab(client)
        make_workflow(client, [step("other", lab.target_connection)], name="Other")
        yield lab


def _at_once(acts: list[Callable[[], object]]) -> None:
    """Do all of these in the same moment, each in a database session of its own."""
    schema, failed = current_schema(), list[BaseException]()
    ready = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        try:
            with schema_scope(schema):
                ready.wait(30)
                with suppress(ValidationError, BadTransition):
                    act()
        except BaseException as error:  # told to who started the thread
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _see_through(lab: Lab) -> None:
    while lab.drain().more or lab.deliver_late().deliveries:
        pass


@pytest.mark.parametrize("seed", range(6))
def test_it_is_made_once_under_two_workers_and_several_people(
    committed: Lab, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("syncjobs.services.anew.can_look_up", lambda _: True)
    lab, dice = committed, Random(f"anew {seed}")
    keys = [f"{seed}-{number}" for number in range(COUNT)]
    for key in keys:
        lab.put_customer(key)
    _see_through(lab)
    for key in keys:
        lab.target.delete_by_hand(f"C-{key}")
        lab.put_customer(key, name="New")
    _see_through(lab)
    issue = Issue.objects.get(kind="gone_there")
    one = Delivery.objects.filter(issue=issue, state="failed").order_by("pk")[dice.randrange(COUNT)]
    acts: list[Callable[[], object]] = [
        lambda: make_issue_again(BUILDER, issue, reason=WHY),
        lambda: make_issue_again(BUILDER, issue, reason=WHY),
        lambda: make_again(BUILDER, one, reason=WHY),
        lambda: retry_issue(BUILDER, issue),
        lab.drain,
        lab.drain,
    ]
    dice.shuffle(acts)
    _at_once(acts)
    for _ in range(3):
        _see_through(lab)
        with suppress(ValidationError):
            make_issue_again(BUILDER, issue, reason=WHY)
    _see_through(lab)

    made = [lab.target.created(f"C-{key}") for key in keys]
    assert made == [2] * COUNT, "once before, and once again"
    places = ExternalRef.objects.filter(record__key__startswith=f"C-{seed}-", object="things")
    assert {row.external_id for row in places} == {
        lab.target._by_reference["things", f"C-{key}"] for key in keys
    }
    assert not Delivery.objects.exclude(state__in=("delivered", "unchanged")).exists()
    _counters_are_right()


def _counters_are_right() -> None:
    for run in Run.objects.exclude(kind="intake"):
        states = list(run.deliveries.values_list("state", flat=True))
        says = (run.planned, run.failed, run.blocked, run.state)
        stopped = sum(state in NEEDS_PERSON for state in states)
        blocked = sum(state in BLOCKED for state in states)
        assert says == (len(states), stopped, blocked, "succeeded"), f"run {run.pk}: {states}"
