"""The short way of webhooks: one statement for a known address, and never another answer than the
usual way's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import RequestFactory
from django.utils import timezone
from django_q.models import OrmQ
from django_tenants.utils import tenant_context
from pytest_django import DjangoAssertNumQueries

from config import hook_door, wsgi
from syncjobs.engine import doorbell
from syncjobs.intake import messages
from syncjobs.models import Connection, InboundEvent, Stream
from syncjobs.services import webhooks
from syncjobs.services.secrets import hook_place_of, seal
from tenants.context import public_scope
from tenants.models import Domain, Partner
from tests.syncjobs.factories import BUILDER, Lab
from tests.syncjobs.hooks import Hook

HOST = "northwind.localhost"


@dataclass
class Server:
    """The web process: sends messages to it and notes how often Django was asked."""

    hook: Hook
    partner: Partner
    sent: int = 0
    asked: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def post(
        self, *, key: str = "", body: bytes | None = None, host: str = HOST, **environ: Any
    ) -> int:
        """Send one more message; return the answer's status."""
        self.sent += 1
        data = self.hook.account(str(self.sent))
        signed, raw = self.hook.message(data, id_=f"msg_{self.sent}")
        told: list[str] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            told.append(status)
            self.headers = dict(headers)

        request = RequestFactory(headers={"host": host, **signed}).post(
            f"/hooks/{key or self.hook.key}",
            raw if body is None else body,
            content_type="application/json",
            **environ,
        )
        answer: Any = wsgi.application(request.environ, start_response)
        self.body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        connection.set_tenant(self.partner)  # type: ignore[attr-defined]  # the tenant backend's
        return int(told[0].split(" ")[0])


@pytest.fixture
def server(lab: Lab, northwind: Partner, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server to which the address is known: it has acknowledged two messages for it."""
    hook_door.forget()
    # It looks whether a kept connection is in order: one in a test's transaction is not.
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)
    made, usual = Server(Hook(lab), northwind), wsgi._handler

    def asked(environ: Any, start_response: Any) -> Iterable[bytes]:
        made.asked += 1
        return usual(environ, start_response)

    monkeypatch.setattr(wsgi, "_handler", asked)
    assert [made.post() for _ in range(2)] == [202, 202]
    made.asked = 0
    return made


def test_a_known_address_costs_one_statement_and_is_answered_as_usual(
    server: Server, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    usual = server.headers
    server.post()
    # The key that seals, remembered only once it is committed; the rows.
    with django_assert_num_queries(2):
        assert server.post() == 202
    assert server.asked == 0
    own = {"X-Request-ID", "Content-Length"}
    assert {**server.headers, **dict.fromkeys(own)} == {**usual, **dict.fromkeys(own)}
    assert server.headers["X-Request-ID"] != usual["X-Request-ID"]
    assert int(server.headers["Content-Length"]) == len(server.body)
    assert server.body == b'{"id":"msg_4","repeated":false}'
    server.sent -= 1
    assert server.post() == 202
    assert server.body == b'{"id":"msg_4","repeated":true}'
    assert server.asked == 0
    row = InboundEvent.objects.get(dedupe_key="hook:msg_4:0")
    assert (row.external_id, row.state, row.stream_id) == (
        "4",
        "received",
        server.hook.lab.customers.pk,
    )
    server.hook.drain()
    assert server.hook.lab.target.created("C-4") == 1


def _suspend(server: Server) -> None:
    with public_scope():
        Partner.objects.filter(pk=server.partner.pk).update(status="suspended")


def _lose_host(server: Server) -> None:
    with public_scope():
        Domain.objects.filter(domain=HOST).update(state="removed")


def _replace_secret(server: Server) -> None:
    shown = webhooks.open_hook(BUILDER, server.hook.lab.source_connection)
    assert shown.path.endswith(server.hook.key)
    row = Connection.objects.get(pk=server.hook.lab.source_connection.pk)
    kept = [{"secret": shown.secret, "until": ""}]
    row.hook_secrets = seal({"secrets": kept}, aad=hook_place_of(row))
    row.save(update_fields=["hook_secrets"])


def _close(server: Server) -> None:
    webhooks.close_hook(BUILDER, server.hook.lab.source_connection, reason="moved")


@pytest.mark.parametrize(
    ("change", "status"),
    [(_suspend, 503), (_lose_host, 404), (_replace_secret, 400), (_close, 404)],
)
def test_what_no_longer_holds_is_refused_at_once(
    server: Server, change: Callable[[Server], None], status: int
) -> None:
    before = InboundEvent.objects.count()
    change(server)
    assert server.post() == status
    assert server.asked == 1, "the usual way says what is wrong"
    assert InboundEvent.objects.count() == before


def test_a_flood_at_a_known_address_is_told_to_wait(server: Server, settings: Any) -> None:
    settings.HOOK_RATE_PER_MINUTE = 3
    assert [server.post(), server.asked] == [202, 0]
    assert [server.post(), server.asked] == [429, 1]
    assert server.headers["Retry-After"]


def test_a_known_address_is_still_one_partners_and_its_messages_signed(server: Server) -> None:
    before = InboundEvent.objects.count()
    assert server.post(host="brightbridge.localhost") == 404
    assert server.post(key="nobody") == 404
    assert server.post(body=b"{}") == 400
    assert server.post(body=b" " * (webhooks.LONGEST_BODY + 1)) == 413
    assert server.post(CONTENT_LENGTH="") == 400
    assert InboundEvent.objects.count() == before
    assert server.asked == 5


def test_what_has_changed_is_taken_the_usual_way_and_known_again(server: Server) -> None:
    def unseen() -> None:
        Connection.objects.update(hook_at=timezone.now() - timedelta(minutes=2))

    def unrung() -> None:
        doorbell.answer()
        doorbell.settle()

    def unread() -> None:
        Stream.objects.filter(pk=server.hook.lab.customers.pk).update(object="people")

    rings = OrmQ.objects.count()
    for place, change in enumerate((unseen, unrung, unread), start=1):
        change()
        assert server.post() == 202
        assert server.asked == place
    assert OrmQ.objects.count() == rings + 1, "a worker has come: new work rings again"
    last = InboundEvent.objects.latest("id")
    assert (last.stream_id, last.state) == (None, "discarded"), "nobody reads such records now"


def test_messages_of_one_moment_share_a_statement_and_each_has_its_own_answer(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    keep, asked = messages._keep_known_rows, []

    def noted(values: dict[str, str], rows: Any) -> list[int | None]:
        asked.append((values, rows))
        return keep(dict(values), rows)

    monkeypatch.setattr(messages, "_keep_known_rows", noted)
    assert server.post() == 202
    ((values, (kept,)),) = asked
    other, gone = ({**kept, "key": f"hook:{name}:0"} for name in ("other", "gone"))
    gone["object"] = "people"  # its stream reads something else now
    before = set(InboundEvent.objects.values_list("dedupe_key", flat=True))
    with django_assert_num_queries(1):
        assert keep(dict(values), [other, gone, kept, other]) == [1, None, 0, 0]
    after = set(InboundEvent.objects.values_list("dedupe_key", flat=True))
    assert after - before == {"hook:other:0"}
    values["hook_secrets"] = "replaced"
    assert keep(dict(values), [gone, kept]) == [None, None]


def test_a_dead_connection_to_the_database_sends_the_message_the_usual_way(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(connection, "ask_prepared", dies)
    assert server.post() == 202
    assert server.asked == 1
    assert InboundEvent.objects.filter(dedupe_key=f"hook:msg_{server.sent}:0").exists()


def test_who_comes_with_cookies_or_a_query_is_no_known_system(server: Server) -> None:
    assert server.post(HTTP_COOKIE="a=b") == 202
    assert server.post(QUERY_STRING="a=b") == 202
    assert server.asked == 2
    with tenant_context(server.partner):
        assert InboundEvent.objects.count() == server.sent
