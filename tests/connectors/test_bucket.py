"""Files in object storage: each given once, by signed calls, whatever the storage answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncjobs.connectors.base import Page
from syncjobs.connectors.bucket import storage
from syncjobs.connectors.errors import Config, ConnectorError, Permanent, RateLimited, Transient
from syncjobs.connectors.registry import connector
from tests.connectors.bucket_server import BUCKET, KEY_ID, REGION, SECRET, Shelf, serving

ROWS = b"number,name\nC-1,Aran\n"


@pytest.fixture(autouse=True)
def _at_home(settings: Any) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(files={"out/a.csv": (ROWS, 1_000)})


@pytest.fixture
def address(shelf: Shelf) -> Iterator[str]:
    with serving(shelf) as address:
        yield address


def _open(address: str, secret: str = SECRET, **changes: str) -> Any:
    config = {
        "stands_for": "psa",
        "object": "customer",
        "base_url": address,
        "region": REGION,
        "bucket": BUCKET,
        "folder": "out",
        "pattern": "*.csv",
        "key_id": KEY_ID,
        "every_minutes": "5",
    }
    return connector("bucket").open(config | changes, {"secret": secret})


def _read(opened: Any, cursor: Any = None) -> tuple[list[Page], Any]:
    pages = list(opened.read("customer", cursor))
    return [page for page in pages if page.file], pages[-1]


def _names(pages: list[Page]) -> list[str]:
    return [page.file.name for page in pages if page.file]


def test_a_file_comes_at_once_and_again_only_when_it_changes(shelf: Shelf, address: str) -> None:
    opened = _open(address)
    found, last = _read(opened)
    assert [(one.file.name, one.file.content) for one in found if one.file] == [("a.csv", ROWS)]
    assert last.note == "1 new file read."
    found, last = _read(opened, last.cursor)
    assert (found, last.note) == ([], "No new file; 1 there known.")
    shelf.files["out/a.csv"] = (ROWS + b"C-2,Bram\n", 2_000)
    assert _names(_read(opened, last.cursor)[0]) == ["a.csv"]


def test_a_list_of_several_pages_is_read_to_its_end_and_other_folders_are_left(
    shelf: Shelf, address: str
) -> None:
    odd = "r\u00e9sum\u00e9 100% + a&b=c.csv"
    for number, name in enumerate(("b.csv", "c.csv", "d.txt", odd, "sub/e.csv", "")):
        shelf.files[f"out/{name}"] = (ROWS, 2_000 + number)
    found, _ = _read(_open(address))
    assert _names(found) == ["a.csv", "b.csv", "c.csv", odd]
    assert shelf.lists == 3


def test_a_whole_bucket_can_be_the_folder(shelf: Shelf, address: str) -> None:
    shelf.files["top.csv"] = (ROWS, 1)
    assert _names(_read(_open(address, folder=""))[0]) == ["top.csv"]


def test_one_that_changes_between_list_and_reading_waits(
    shelf: Shelf, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = storage.Storage.entries

    def then_changed(self: Any) -> Any:
        found = listed(self)
        shelf.files["out/a.csv"] = (ROWS * 2, 1_001)
        return found

    monkeypatch.setattr(storage.Storage, "entries", then_changed)
    found, last = _read(_open(address))
    assert found == []
    assert "1 new or still being written" in last.note


def test_one_that_may_not_be_read_and_one_too_large_are_told(shelf: Shelf, address: str) -> None:
    shelf.files["out/b.csv"] = (b"x" * (10 * 1024 * 1024 + 1), 2_000)
    shelf.denied.add("out/a.csv")
    found, last = _read(_open(address))
    told = {page.file.name: page.file.problem for page in found if page.file}
    assert told["a.csv"] == "The storage does not let it be read."
    assert told["b.csv"] == "It is larger than 10 MB: split it."
    assert list(last.unusable) == ["a.csv", "b.csv"]


def test_a_test_says_what_it_found(shelf: Shelf, address: str) -> None:
    listed, read = _open(address).check()
    assert (listed.ok, listed.message) == (True, "1 of 1 names there fit *.csv.")
    assert (read.ok, read.message) == (True, "a.csv can be read.")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"secret": "wrong"}, "refuses the secret"),
        ({"key_id": "OTHER"}, "does not know the access key"),
        ({"bucket": "another"}, "no such bucket"),
    ],
)
def test_a_wrong_key_or_bucket_is_named(address: str, changes: dict[str, str], says: str) -> None:
    listed, read = _open(address, **changes).check()
    assert not listed.ok
    assert says in listed.message
    assert read.untried
    with pytest.raises(Config, match=says):
        _read(_open(address, **changes))


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        ((301, {"x-amz-bucket-region": "us-west-2"}, b""), Config, "region us-west-2"),
        ((503, {"Retry-After": "7"}, b"<Error><Code>SlowDown</Code></Error>"), Transient, "Slow"),
        ((429, {"Retry-After": "7"}, b""), RateLimited, "asks for a pause"),
        ((200, {}, b"<html></html>"), Config, "no object storage"),
        ((200, {}, b"{}"), Config, "no object storage"),
        ((200, {}, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), Config, "no object storage"),
        ((200, {}, b"x" * (10 * 1024 * 1024 + 2)), Permanent, "larger than"),
        ((302, {"Location": "http://169.254.169.254/"}, b""), Config, "elsewhere"),
    ],
)
def test_a_strange_storage_is_told_and_bounded(
    shelf: Shelf,
    address: str,
    answer: tuple[int, dict[str, str], bytes],
    kind: type[ConnectorError],
    says: str,
) -> None:
    shelf.answer = answer
    with pytest.raises(kind, match=says):
        _read(_open(address))


def test_a_list_without_end_stops(shelf: Shelf, address: str) -> None:
    rows = b"<ListBucketResult><NextContinuationToken>1</NextContinuationToken></ListBucketResult>"
    shelf.answer = (200, {}, rows)
    with pytest.raises(Permanent, match="more than 5,000"):
        _read(_open(address))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"base_url": "ftp://x"}, "https"),
        ({"base_url": "https://x/?a=b"}, "leave out"),
        ({"bucket": "../other"}, "Bucket"),
        ({"region": "eu\r\nx"}, "Region"),
        ({"key_id": ""}, "access key"),
        ({"stands_for": "moon"}, "Stands for"),
    ],
)
def test_a_wrong_configuration_is_named(changes: dict[str, str], says: str) -> None:
    with pytest.raises(Config, match=says):
        _open("https://s3.example.com", **changes)


def test_a_private_address_is_refused(settings: Any) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    with pytest.raises(Config):
        _read(_open("https://127.0.0.1:9"))
