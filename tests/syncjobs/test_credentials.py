"""The address and the credentials of a connection: tested as they are."""

import pytest

from governance.actors import Actor
from governance.models import AuditEntry
from syncjobs.connectors.base import Check
from syncjobs.models import Connection
from syncjobs.services import connections
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
