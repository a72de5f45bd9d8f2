"""Files by SFTP: each given once, the server known, and a hostile one bounded."""

import io
import resource
import time
from collections.abc import Iterator
from typing import Any

import paramiko
import pytest

from syncjobs.connectors import sftp
from syncjobs.connectors.base import Page
from syncjobs.connectors.errors import Config, ConnectorError, Permanent, Transient
from syncjobs.connectors.files.folder import Entry, is_plain, matches, plan
from syncjobs.connectors.registry import connector
from syncjobs.connectors.sftp import session
from tests.connectors.sftp_server import PASSWORD, USER, Disk, flooding, serving

REGULAR = 0o100644
ROWS = b"number,name\nC-1,Aran\n"


@pytest.fixture
def disk() -> Disk:
    return Disk(files={"/out/a.csv": (ROWS, 1_000)})


@pytest.fixture
def port(disk: Disk) -> Iterator[int]:
    with serving(disk) as port:
        yield port


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "STILL_SECONDS", 0)


def _config(port: int, disk: Disk | None, **changes: str) -> dict[str, str]:
    made = {
        "stands_for": "psa",
        "object": "customer",
        "host": "127.0.0.1",
        "port": str(port),
        "user": USER,
        "host_key": disk.key.fingerprint if disk else "",
        "folder": "/out",
        "pattern": "*.csv",
        "after": "leave",
        "done": "done",
        "every_minutes": "5",
    }
    return made | changes


def _open(
    port: int, disk: Disk | None, secret: dict[str, str] | None = None, **changes: str
) -> Any:
    return connector("sftp").open(_config(port, disk, **changes), secret or {"password": PASSWORD})


def _read(opened: Any, cursor: Any = None) -> tuple[list[Page], Any]:
    pages = list(opened.read("customer", cursor))
    return [page for page in pages if page.file], pages[-1]


def test_a_file_comes_once_and_again_when_it_changes(disk: Disk, port: int) -> None:
    opened = _open(port, disk)
    found, last = _read(opened)
    assert [(one.file.name, one.file.content) for one in found if one.file] == [("a.csv", ROWS)]
    assert last.note == "1 new file read."
    found, last = _read(opened, last.cursor)
    assert (found, last.note) == ([], "No new file; 1 there known.")
    disk.files["/out/a.csv"] = (ROWS + b"C-2,Bram\n", 2_000)
    found, last = _read(opened, last.cursor)
    assert len(found) == 1


def test_an_empty_folder_is_explained(disk: Disk, port: int) -> None:
    disk.files.clear()
    assert _read(_open(port, disk))[1].note == "No file in the folder fits *.csv."


def test_what_is_still_written_waits(
    disk: Disk, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sftp, "STILL_SECONDS", 20)
    clock = [10_000.0]
    monkeypatch.setattr("syncjobs.connectors.files.fetching.time.time", lambda: clock[0])
    disk.files["/out/b.csv.part"] = (ROWS, 1_000)
    opened = _open(port, disk, pattern="*")
    found, last = _read(opened)
    assert found == []
    assert "1 new or still being written" in last.note
    clock[0] += 30
    disk.files["/out/a.csv"] = (ROWS * 2, 1_001)
    assert _read(opened, last.cursor)[0] == []
    last = _read(opened, last.cursor)[1]
    clock[0] += 30
    found, _ = _read(opened, last.cursor)
    assert [one.file.name for one in found if one.file] == ["a.csv"]


def test_a_file_is_moved_after_its_page_and_later_when_its_reader_died(
    disk: Disk, port: int
) -> None:
    opened = _open(port, disk, after="move")
    pages = opened.read("customer", None)
    page = next(one for one in pages if one.file)
    pages.close()
    assert "/out/a.csv" in disk.files
    found, _ = _read(opened, page.cursor)
    assert found == []
    assert set(disk.files) == {"/out/done/19700101-001640-a.csv"}
    # The next night's export has the same name.
    disk.files["/out/a.csv"] = (ROWS * 2, 90_000)
    assert len(_read(opened, page.cursor)[0]) == 1
    assert "/out/a.csv" not in disk.files


def test_a_move_that_fails_is_told(disk: Disk, port: int) -> None:
    with pytest.raises(Permanent, match=r"a\.csv was taken in, but cannot be moved"):
        _read(_open(port, disk, after="move", done="nowhere"))


def test_one_of_no_use_does_not_stop_the_others(disk: Disk, port: int) -> None:
    disk.files["/out/big.csv"] = (b"n" * (10 * 1024 * 1024 + 1), 900)
    disk.files["/out/bad.csv"] = (b"a,a\n1,2\n", 901)
    disk.files["/out/kept.csv"] = (ROWS, 902)
    disk.denied.add("/out/kept.csv")
    found, last = _read(_open(port, disk))
    told = {one.file.name: one.file.problem for one in found if one.file}
    assert told.pop("a.csv") == ""
    assert "larger than 10 MB" in told["big.csv"]
    assert "twice" in told["bad.csv"]
    assert "does not let it be read" in told["kept.csv"]
    assert sorted(last.unusable or ()) == ["bad.csv", "big.csv", "kept.csv"]


def test_the_servers_key_is_shown_then_confirmed_and_a_changed_one_refused(
    disk: Disk, port: int
) -> None:
    checks = _open(port, disk, host_key="").check()
    assert [one.ok for one in checks] == [True, False, False, False, False]
    assert disk.key.fingerprint in checks[1].message
    assert all(one.ok for one in _open(port, disk).check())
    before = disk.sign_ins
    disk.key = paramiko.ECDSAKey.generate()
    refusing = _open(port, disk, host_key="SHA256:somethingelse")
    with pytest.raises(Config, match="another key"):
        _read(refusing)
    assert disk.sign_ins == before


def test_a_private_key_signs_in(disk: Disk, port: int) -> None:
    disk.allowed = paramiko.RSAKey.generate(2048)
    text = io.StringIO()
    disk.allowed.write_private_key(text)
    assert all(one.ok for one in _open(port, disk, {"private_key": text.getvalue()}).check())
    with pytest.raises(Config, match="cannot be read"):
        _read(_open(port, disk, {"private_key": "nonsense"}))


def test_wrong_credentials_and_folders_are_named(disk: Disk, port: int) -> None:
    with pytest.raises(Config, match="refuses the user name"):
        _read(_open(port, disk, {"password": "wrong"}))
    with pytest.raises(Permanent, match="/elsewhere cannot be listed"):
        _read(_open(port, disk, folder="/elsewhere"))


def test_private_networks_are_refused(disk: Disk, port: int, settings: Any) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    with pytest.raises(Config, match="may not reach"):
        _read(_open(port, disk))
    assert disk.sessions == 0


def test_nothing_answers() -> None:
    with pytest.raises(Transient, match="Nothing answers"):
        _read(_open(1, None))


def test_odd_names_and_links_are_left_alone() -> None:
    names = ["../x.csv", "a/b.csv", "..", "new\nline.csv", "x" * 300 + ".csv", "\u202egnp.csv"]
    assert not any(map(is_plain, names))
    entries = [Entry(name, 1, 1, REGULAR) for name in names]
    entries += [Entry("link.csv", 1, 1, 0o120777), Entry("told.csv", 1, 1, None)]
    made = plan(entries, "*", {}, {}, 100, 20)
    assert (made.due, made.odd) == ([], len(entries))


def test_a_link_is_not_followed(disk: Disk, port: int) -> None:
    disk.links.add("/out/a.csv")
    found, last = _read(_open(port, disk))
    assert found == []
    assert "1 left alone" in last.note


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("time_2026.csv", "time_*.csv", True),
        ("TIME_1.CSV", "time_?.csv", True),
        ("time_12.csv", "time_?.csv", False),
        ("a.csv", "*", True),
        ("[a].csv", "[a].csv", True),
        ("a.csv", "[a].csv", False),
        ("", "*", True),
        ("a.csv.old", "*.csv", False),
    ],
)
def test_patterns(name: str, pattern: str, fits: bool) -> None:
    assert matches(name, pattern) is fits


def test_a_pattern_of_many_stars_is_quick() -> None:
    begun = time.process_time()
    assert not matches("a" * 200, "*a" * 100 + "b")
    assert time.process_time() - begun < 1


def test_an_endless_listing_ends(disk: Disk, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_ENTRIES", 500)
    disk.endless = True
    with pytest.raises(Permanent, match="more than 500 names"):
        _read(_open(port, disk))


@pytest.mark.parametrize("start", [b"", b"SSH-2.0-x\r\n", b"hello\r\n" * 50])
def test_a_flood_is_bounded(start: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with flooding(start) as port, pytest.raises(ConnectorError):
        _read(_open(port, None))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"port": "70000"}, "Port"),
        ({"stands_for": "x"}, "Stands for"),
        ({"after": "move", "done": ""}, "Move to"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, str], words: str) -> None:
    with pytest.raises(Config, match=words):
        connector("sftp").open(_config(22, None) | changes, {"password": PASSWORD})
