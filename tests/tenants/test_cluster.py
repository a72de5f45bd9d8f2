"""The embedded server: one per state directory, whoever starts it and however it ended."""

import os
import select
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest

from tenants.postgres import bootstrap
from tenants.postgres.cluster import Cluster
from tenants.postgres.layout import PORT, Layout
from tenants.postgres.machine_account import account_for_root, account_of_uid
from tenants.postgres.server_process import is_serving, live_pid
from tests.tenants.processes import start_as, start_many

pytestmark = pytest.mark.crash


def connect(layout: Layout, user: str = bootstrap.OWNER) -> "psycopg.Connection[tuple[object]]":
    return psycopg.connect(
        host=str(layout.socket_dir), port=PORT, user=user, dbname=bootstrap.DATABASE
    )


def write_row(layout: Layout) -> None:
    with connect(layout) as opened:
        opened.execute("CREATE TABLE kept (word text)")
        opened.execute("INSERT INTO kept VALUES ('safe')")


def kept_word(layout: Layout) -> object:
    with connect(layout) as opened:
        row = opened.execute("SELECT word FROM kept").fetchone()
    return row and row[0]


def kill(layout: Layout) -> int:
    """Kill the server as a power cut would, and wait until the kernel has removed it."""
    pid = live_pid(layout)
    assert pid is not None
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    _await_end(handle)
    return pid


def _await_end(handle: int) -> None:
    """A pidfd becomes readable when its process has ended, also one that is not our child."""
    ready, _, _ = select.select([handle], [], [], 30)
    os.close(handle)
    assert ready, "the server survived SIGKILL"


def test_it_is_made_started_and_has_both_roles(cluster: Cluster) -> None:
    layout = cluster.ensure_running()
    with connect(layout, bootstrap.RUNTIME) as opened:
        assert opened.execute("SELECT current_user").fetchone() == (bootstrap.RUNTIME,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            opened.execute("CREATE TABLE mine (id int)")


def test_nobody_gets_in_over_the_network(cluster: Cluster) -> None:
    layout = cluster.ensure_running()
    with connect(layout) as opened:
        assert opened.execute("SHOW listen_addresses").fetchone() == ("",)
        assert opened.execute("SHOW max_locks_per_transaction").fetchone() == ("256",)
    assert layout.base.stat().st_mode & 0o777 == 0o700
    assert layout.data.stat().st_mode & 0o777 == 0o700


def test_after_a_kill_it_comes_back_with_every_row(cluster: Cluster) -> None:
    layout = cluster.ensure_running()
    write_row(layout)
    before = kill(layout)
    assert not is_serving(layout)
    cluster.ensure_running()
    assert cluster.running_pid() not in {None, before}
    assert kept_word(layout) == "safe"


def test_a_clean_stop_ends_it_and_a_second_one_says_that_none_ran(cluster: Cluster) -> None:
    layout = cluster.ensure_running()
    write_row(layout)
    assert cluster.stop() is True
    assert cluster.stop() is False
    assert not layout.socket.exists()
    cluster.ensure_running()
    assert kept_word(layout) == "safe"


def test_eight_starts_at_once_give_one_server(cluster: Cluster) -> None:
    answers = start_many(cluster.state_dir, 8)
    assert [answer.get("error") for answer in answers] == [None] * 8
    assert len({answer["pid"] for answer in answers}) == 1


def test_eight_starts_after_a_kill_give_one_server(cluster: Cluster) -> None:
    layout = cluster.ensure_running()
    write_row(layout)
    before = kill(layout)
    answers = start_many(cluster.state_dir, 8)
    assert len({answer["pid"] for answer in answers}) == 1
    assert answers[0]["pid"] != before
    assert kept_word(layout) == "safe"


def test_a_process_id_that_is_now_another_programs_does_not_stop_it(cluster: Cluster) -> None:
    layout = cluster.ensure_running()
    kill(layout)
    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        for path in (layout.data / "postmaster.pid", layout.data / ".s.PGSQL.5432.lock"):
            lines = path.read_text().splitlines()
            path.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        cluster.ensure_running()
        assert cluster.running_pid() not in {None, other.pid}
        other.terminate()


def test_a_live_servers_files_are_never_taken_away(cluster: Cluster) -> None:
    layout = cluster.ensure_running()
    moved = cluster.state_dir.with_name("moved")
    cluster.state_dir.rename(moved)
    try:
        there = Layout(moved / "postgres", moved / "postgres/data", layout.account)
        assert live_pid(there) is not None
    finally:
        moved.rename(cluster.state_dir)


def test_something_else_at_the_sockets_place_is_cleared_away(cluster: Cluster) -> None:
    cluster.ensure_running()
    cluster.stop()
    cluster.layout.socket.write_text("not a socket")
    cluster.ensure_running()
    assert cluster.running_pid() is not None


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(open_dir: Path) -> None:
    cluster = Cluster(open_dir / ("long" * 30))
    try:
        layout = cluster.ensure_running()
        assert layout.socket_dir != layout.data
        assert layout.socket_dir.stat().st_mode & 0o777 == 0o700
        with connect(layout) as opened:
            assert opened.execute("SELECT 1").fetchone() == (1,)
    finally:
        cluster.stop()
        cluster.layout.socket_dir.rmdir()


def test_odd_characters_in_the_path_do_no_harm(open_dir: Path) -> None:
    cluster = Cluster(open_dir / 'it\'s, a "state"')
    try:
        with connect(cluster.ensure_running()) as opened:
            assert opened.execute("SELECT 1").fetchone() == (1,)
    finally:
        cluster.stop()
        cluster.layout.socket_dir.rmdir()


@pytest.mark.usefixtures("as_root")
def test_root_hands_it_to_an_account_without_privileges(cluster: Cluster) -> None:
    answer = start_as(None, cluster.state_dir)
    assert answer["mine"] == 0
    assert answer["uid"] == account_for_root().uid


@pytest.mark.usefixtures("as_root")
def test_root_without_a_postgres_account_uses_nobody(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.postgres.machine_account.PREFERRED", ("no-such", "nobody"))
    layout = cluster.ensure_running()
    assert layout.account is not None
    assert layout.account.name == "nobody"
    assert layout.data.stat().st_uid == layout.account.uid


@pytest.mark.usefixtures("as_root")
def test_an_ordinary_user_runs_it_as_themselves(open_dir: Path) -> None:
    nobody = account_of_uid(65534)
    home = open_dir / "home"
    home.mkdir(mode=0o700)
    os.chown(home, nobody.uid, nobody.gid)
    cluster = Cluster(home / "state")
    try:
        answer = start_as(nobody, cluster.state_dir)
        assert (answer["uid"], answer["mine"]) == (nobody.uid, nobody.uid)
        assert cluster.ensure_running().account == nobody, "root leaves it with its maker"
        assert cluster.running_pid() == answer["pid"]
    finally:
        cluster.stop()


@pytest.mark.usefixtures("as_root")
def test_an_ordinary_user_is_told_when_the_data_is_anothers(cluster: Cluster) -> None:
    cluster.ensure_running()
    cluster.state_dir.chmod(0o777)
    answer = start_as(account_of_uid(65534), cluster.state_dir)
    assert "belongs to" in answer["error"]
    assert "LIVERY_STATE_DIR" in answer["error"]


@pytest.mark.usefixtures("as_root")
def test_below_a_directory_that_only_root_enters_the_data_goes_elsewhere(
    open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = open_dir / "root"
    closed.mkdir(mode=0o700)
    fallback = open_dir / "fallback"
    monkeypatch.setattr("tenants.postgres.layout.FALLBACK", fallback)
    cluster = Cluster(closed / "checkout" / ".livery")
    try:
        layout = cluster.ensure_running()
        assert layout.base.parent == fallback
        assert is_serving(layout)
        assert closed.stat().st_mode & 0o777 == 0o700, "root's own directory stays closed"
    finally:
        cluster.stop()
