"""The address and the credentials of a connection: tested as they are."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance.actors import Actor
from governance.models import AuditEntry
from syncjobs.connectors.base import Check
from syncjobs.models import Connection
from syncjobs.services import connections
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import Lab

MESSAGE = "It was changed while it was tested: test it again."


@pytest.mark.parametrize("secret", [{"token": "new"}, {}])
def test_a_test_says_nothing_of_what_was_changed_while_it_ran(
    lab: Lab, bob: Actor, monkeypatch: pytest.MonkeyPatch, secret: dict[str, str]
) -> None:
    made = connections.create_connection(
        bob,
        client=lab.client,
        connector="sandbox_crm",
        name="CRM",
        config={"base_url": "http://127.0.0.1:9"},
        secret={"token": "old"},
    )
    path = "" if secret else "/v2"

    class Slow:
        """A system that answers when somebody has changed how it is reached."""

        def open(self, connection: Connection) -> "Slow":
            return self

        def check(self) -> list[Check]:
            config = {"base_url": f"http://127.0.0.1:9{path}"}
            connections.change_credentials(bob, made, config=config, secret=secret)
            return [Check("Sign in", ok=True, message="It lets us in.")]

        def __enter__(self) -> "Slow":
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(connections, "Systems", Slow)
    checks = connections.test_connection(bob, Connection.objects.get(pk=made.pk))
    assert [(one.ok, one.message) for one in checks] == [(False, MESSAGE)]
    made.refresh_from_db()
    assert (made.state, made.checks, made.checked_at) == ("untested", [], None)
    assert not AuditEntry.objects.filter(action="connection.tested").exists()


def test_people_are_told_when_credentials_expire_soon(
    lab: Lab, northwind: Partner, browse: Callable[[Person], Browser]
) -> None:
    staff = browse(actors.BOB)
    soon, late = (f"{timezone.now() + timedelta(days=days):%Y-%m-%d}" for days in (5, 50))
    typed = {
        "client": str(lab.client.pk),
        "name": "Ledger",
        "config_base_url": "http://127.0.0.1:9",
    }
    staff.post(
        "/work/connections/new/sandbox_crm/", {**typed, "secret_token": "one", "expires": soon}
    )
    with tenant_context(northwind):
        made = Connection.objects.get(name="Ledger")
        Connection.objects.update(state="ready")
    told = "Ledger: credentials expire"
    assert told in staff.get("/").content.decode()
    place = f"/work/connections/{made.pk}/credentials/"
    assert f'value="{soon}"' in staff.get(place).content.decode()
    for day, is_kept in ((late, True), ("", False)):
        staff.post(place, {**typed, "secret_token": "two", "expires": day})
        with tenant_context(northwind):
            Connection.objects.update(state="ready")
            assert bool(Connection.objects.get(pk=made.pk).secret_expires_at) == is_kept
        assert told not in staff.get("/").content.decode()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "soon"])
def test_a_day_that_cannot_be_meant_is_refused(
    lab: Lab, northwind: Partner, browse: Callable[[Person], Browser], day: str
) -> None:
    place = f"/work/connections/{lab.source_connection.pk}/credentials/"
    typed = {"config_base_url": "http://127.0.0.1:9", "secret_token": "two", "expires": day}
    assert browse(actors.BOB).post(place, typed).status_code == 200
    with tenant_context(northwind):
        assert Connection.objects.get(pk=lab.source_connection.pk).secret_expires_at is None
