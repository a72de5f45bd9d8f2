"""A pooler that mixes sessions is found before it can give away another partner's rows."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import LazySettings
from django.db import connection

from tenants import checks
from tenants.postgres import boot, pooler
from tenants.postgres.backend.base import explained
from tenants.postgres.errors import DatabaseUnavailableError
from tenants.postgres.layout import SOCKET_NAME
from tests.tenants.pooler_proxy import Pooler

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def socket_path() -> str:
    connection.ensure_connection()
    return f"{connection.settings_dict['HOST']}/{SOCKET_NAME}"


@pytest.fixture(autouse=True)
def _not_checked_yet() -> Iterator[None]:
    pooler._checked.clear()
    yield
    pooler._checked.clear()


def through(proxy: Pooler) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": proxy.port,
        "user": "livery_runtime",
        "dbname": connection.settings_dict["NAME"],
        "sslmode": "disable",
    }


def test_the_proxy_really_mixes_search_paths(socket_path: str) -> None:
    """Without this the other tests would prove nothing."""
    with (
        Pooler(socket_path, transaction_mode=True) as proxy,
        psycopg.connect(**through(proxy), autocommit=True) as one,
        psycopg.connect(**through(proxy), autocommit=True) as two,
    ):
        one.execute("SET search_path = p_northwind")
        found = two.execute("SHOW search_path").fetchone()
    assert found == ("p_northwind",)


def test_transaction_mode_is_refused(socket_path: str) -> None:
    with Pooler(socket_path, transaction_mode=True) as proxy:
        assert pooler.mixes_sessions(through(proxy))
        with pytest.raises(DatabaseUnavailableError, match="session mode"):
            pooler.refuse_transaction_mode(through(proxy))


def test_it_is_refused_again_and_again(socket_path: str) -> None:
    with Pooler(socket_path, transaction_mode=True) as proxy:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailableError):
                pooler.refuse_transaction_mode(through(proxy))


def test_session_mode_is_welcome(socket_path: str) -> None:
    with Pooler(socket_path, transaction_mode=False) as proxy:
        for _ in range(3):
            assert not pooler.mixes_sessions(through(proxy))
        pooler.refuse_transaction_mode(through(proxy))


def test_the_server_itself_is_welcome() -> None:
    assert not pooler.mixes_sessions(pooler.plain_parameters(connection.get_connection_params()))


def test_the_answer_is_kept_for_the_process(socket_path: str) -> None:
    with Pooler(socket_path, transaction_mode=False) as proxy:
        params = through(proxy)
        pooler.refuse_transaction_mode(params)
    pooler.refuse_transaction_mode(params)  # the proxy is gone: nothing is asked


def test_the_backend_refuses_it_at_the_first_connection(
    socket_path: str, settings: LazySettings
) -> None:
    settings.DATABASE_URL = "postgresql://set"
    with (
        Pooler(socket_path, transaction_mode=True) as proxy,
        pytest.raises(DatabaseUnavailableError, match="transaction mode"),
    ):
        connection.get_new_connection(through(proxy))


def test_a_process_ends_at_its_start(
    socket_path: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_URL = "postgresql://set"
    with Pooler(socket_path, transaction_mode=True) as proxy:
        monkeypatch.setattr(connection, "get_connection_params", lambda: through(proxy))
        with pytest.raises(DatabaseUnavailableError):
            boot.check_at_start()


def test_a_database_that_is_not_there_yet_does_not_end_it(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_URL = "postgresql://set"
    nowhere = {"host": "127.0.0.1", "port": 1, "user": "u", "dbname": "d", "connect_timeout": 2}
    monkeypatch.setattr(connection, "get_connection_params", lambda: nowhere)
    boot.check_at_start()


def test_one_role_is_said_at_the_start(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OWNER_DATABASE = None
    boot.check_at_start()
    assert "LIVERY_OWNER_DATABASE_URL" in caplog.text


def test_the_system_check_finds_it(
    socket_path: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_URL = "postgresql://set"
    with Pooler(socket_path, transaction_mode=True) as proxy:
        monkeypatch.setattr(connection, "get_connection_params", lambda: through(proxy))
        found = checks.check_pooler(None, databases=["default"])
    assert [message.id for message in found] == ["tenants.E010"]


def test_a_database_that_is_not_there_is_explained_without_the_password(
    settings: LazySettings,
) -> None:
    settings.DATABASE_URL = "postgresql://set"
    params = {
        "host": "127.0.0.1",
        "port": 1,
        "user": "someone",
        "password": "s3cret",
        "dbname": "nowhere",
        "connect_timeout": 3,
    }
    with pytest.raises(DatabaseUnavailableError) as refused:
        connection.get_new_connection(params)
    said = str(refused.value)
    assert "nowhere" in said
    assert "127.0.0.1:1" in said
    assert "DATABASE_URL" in said
    assert "s3cret" not in said
    assert "s3cret" not in explained(params, refused.value)


def test_statement_mode_is_refused(socket_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, the pooler answers a transaction with a violation of the protocol."""

    def refuse(opened: object) -> str:
        raise psycopg.errors.ProtocolViolation("transaction blocks not allowed")

    monkeypatch.setattr(pooler, "_read", refuse)
    with Pooler(socket_path, transaction_mode=False) as proxy:
        assert pooler.mixes_sessions(through(proxy))


def test_a_server_without_a_free_connection_is_told_from_one_that_is_not_there() -> None:
    error = Exception("FATAL: remaining connection slots are reserved for superusers")
    told = explained({"dbname": "livery", "host": "db", "user": "one"}, error)
    assert "no connection left" in told
    assert "max_connections" in told
    assert "DATABASE_URL" not in told
