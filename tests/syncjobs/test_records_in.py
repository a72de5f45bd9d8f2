"""Records that a program sends one call at a time: exact, and once for each of its keys."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.test import Client as Browser
from django_tenants.utils import tenant_context
from pytest_django import DjangoDbBlocker

from governance.models import AuditEntry
from syncjobs.engine.drain import drain
from syncjobs.models import CanonicalRecord, Connection, InboundEvent
from syncjobs.services.connections import create_connection
from syncjobs.services.files import take_records
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tenants.context import current_schema, schema_scope
from tenants.models import Partner
from tests import actors
from tests.syncjobs.committed import committed_partner
from tests.syncjobs.factories import BUILDER

PARALLEL = 50
TIME = {
    "number": "T-1",
    "project": "P-1",
    "date": "2026-10-07",
    "hours": 7.1,
    "rate": 95.10,
    "billable": True,
    "status": "approved",
}
Ask = Callable[..., Any]


def _files(client: Client) -> Connection:
    return create_connection(
        BUILDER,
        client=client,
        connector="files",
        name="Times",
        config={"stands_for": "psa"},
        secret={},
    )


@pytest.fixture
def connection(alder: Client) -> Connection:
    return _files(alder)


@pytest.fixture
def ask(connection: Connection, northwind: Partner, browse: Callable[..., Browser]) -> Ask:
    """Send records as a program does; give status and answer."""
    caller = browse(None, host="admin.northwind.localhost")
    user = User.objects.get(email=actors.BOB.email)
    text = make_token(BUILDER, user=user, name="t", scopes=["connections.manage"])[1]

    def send(*records: object, key: str = "k-1", kind: str = "time_entry") -> tuple[int, Any]:
        answer = caller.post(
            f"/api/v1/connections/{connection.pk}/records/",
            json.dumps({"object": kind, "records": records}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {text}", "Idempotency-Key": key},
        )
        return answer.status_code, answer.json()

    return send


def test_a_record_arrives_to_the_cent_and_once(ask: Ask, northwind: Partner, at_work: None) -> None:
    status, told = ask(TIME)
    assert (status, told["rows"], told["repeated"]) == (202, 1, False)
    status, told = ask(TIME)
    assert (status, told["rows"], told["repeated"]) == (202, 0, True)
    with tenant_context(northwind):
        drain()
        record = CanonicalRecord.objects.get(type="time_entry", version__gt=0)
        assert (record.key, record.data["hours"], record.data["rate"]) == ("T-1", "7.1", "95.1")
        entry = AuditEntry.objects.get(action="intake.sent")
        assert (entry.after["rows"], entry.after["key"]) == (1, "k-1")


@pytest.mark.parametrize(
    "others",
    [
        [{**TIME, "hours": 8}],
        [TIME, {**TIME, "number": "T-2"}],
        [{**TIME, "number": "T-9"}],
    ],
    ids=["changed", "one more", "another"],
)
def test_other_records_under_the_same_key_are_refused_and_none_is_taken(
    ask: Ask, northwind: Partner, others: list[dict[str, object]]
) -> None:
    ask(TIME)
    status, told = ask(*others)
    assert status == 400
    assert "other records before" in str(told)
    with tenant_context(northwind):
        assert InboundEvent.objects.count() == 1


def test_fewer_under_the_same_key_are_other_records_too(ask: Ask, northwind: Partner) -> None:
    ask(TIME, {**TIME, "number": "T-2"})
    assert ask(TIME)[0] == 400
    assert ask(TIME, key="k-2")[1]["rows"] == 1
    with tenant_context(northwind):
        assert InboundEvent.objects.count() == 3


@pytest.mark.parametrize(
    ("records", "key", "says"),
    [
        ([TIME, {"project": "P-1"}], "k", "Record 2: The column"),
        ([], "k", "records"),
        ([TIME], "", "Idempotency-Key"),
        ([TIME], "k" * 121, "Idempotency-Key"),
        ([7], "k", "records"),
        ([TIME] * 1_001, "k", "records"),
    ],
    ids=["nameless", "none", "no key", "long key", "no record", "too many"],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_stored(
    ask: Ask, northwind: Partner, records: list[object], key: str, says: str
) -> None:
    status, told = ask(*records, key=key)
    assert status == 400
    assert says in json.dumps(told)
    with tenant_context(northwind):
        assert not InboundEvent.objects.exists()


@pytest.fixture
def committed(django_db_blocker: DjangoDbBlocker, django_db_setup: None) -> Iterator[Connection]:
    """A connection whose rows are really committed."""
    with django_db_blocker.unblock(), committed_partner("records-lab") as (_, client):
        yield _files(client)


def test_fifty_calls_at_once_with_one_key_take_it_in_once(committed: Connection) -> None:
    schema, ready = current_schema(), threading.Barrier(PARALLEL)
    came: list[object] = []

    def call(number: int) -> None:
        record = {**TIME, "hours": 8 + number % 2}
        try:
            with schema_scope(schema):
                ready.wait(60)
                taken = take_records(
                    BUILDER, committed, object_="time_entry", records=[record], key="one"
                )
                came.append(taken.rows)
        except ValidationError as error:
            came.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert InboundEvent.objects.count() == 1
    assert came.count(1) == 1
    # Half of them said something else under the same key.
    assert came.count(0) == PARALLEL // 2 - 1
    assert sum(isinstance(one, ValidationError) for one in came) == PARALLEL // 2
