"""Sealing of secrets: published vectors, wrong keys, wrong places."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from syncjobs import vault
from syncjobs.vault import DataKey, KeyRing, VaultError

VECTORS = Path(
    os.environ.get(
        "LIVERY_VECTORS", Path(__file__).resolve().parents[3] / "shared" / "vectors" / "wycheproof"
    )
)
PLACE = ("northwind", "connection", "0b4a8c7e-8f1d-4f0a-9a61-0f3f0a6f2f11", "secret")
SECRET = {"client_secret": "canary-päss", "expires": 3}


def _vectors() -> list[Any]:
    path = VECTORS / "aes_gcm_test.json"
    if not path.exists():
        return []
    groups = json.loads(path.read_text())["testGroups"]
    return [
        pytest.param(group, test, id=f"tc{test['tcId']}")
        for group in groups
        if (group["keySize"], group["ivSize"], group["tagSize"]) == (256, 96, 128)
        for test in group["tests"]
    ]


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing([vault.new_data_key(1)])


def test_the_published_vectors_are_there() -> None:
    if not VECTORS.exists():
        pytest.skip(f"The Wycheproof vectors are not in {VECTORS.name} beside the project.")
    assert len(_vectors()) > 60


@pytest.mark.parametrize(("group", "test"), _vectors())
def test_a_published_vector(group: dict[str, Any], test: dict[str, Any]) -> None:
    key, nonce, aad, message, ciphertext, tag = (
        bytes.fromhex(test[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")
    )
    if test["result"] == "valid":
        assert vault.encrypt(key, nonce, message, aad) == ciphertext + tag
        assert vault.decrypt(key, nonce, ciphertext + tag, aad) == message
    else:
        with pytest.raises(InvalidTag):
            vault.decrypt(key, nonce, ciphertext + tag, aad)


def test_what_is_sealed_opens_in_its_place(ring: KeyRing) -> None:
    token = vault.seal(SECRET, aad=PLACE, ring=ring)
    assert vault.open_sealed(token, aad=PLACE, ring=ring) == SECRET
    assert "canary" not in token
    assert vault.key_version(token) == 1


def test_the_same_secret_is_never_sealed_the_same_way_twice(ring: KeyRing) -> None:
    assert len({vault.seal(SECRET, aad=PLACE, ring=ring) for _ in range(50)}) == 50


@pytest.mark.parametrize("part", range(4))
def test_in_any_other_place_it_does_not_open(ring: KeyRing, part: int) -> None:
    token = vault.seal(SECRET, aad=PLACE, ring=ring)
    other = tuple(f"{text}x" if number == part else text for number, text in enumerate(PLACE))
    with pytest.raises(VaultError, match="Enter the credentials again"):
        vault.open_sealed(token, aad=other, ring=ring)


def test_two_places_never_share_one_text(ring: KeyRing) -> None:
    token = vault.seal(SECRET, aad=("ab", "c", "d"), ring=ring)
    for other in (("a", "bc", "d"), ("ab", "cd"), ("ab", "c", "d", "d"), ("abcd",)):
        with pytest.raises(VaultError):
            vault.open_sealed(token, aad=other, ring=ring)


@pytest.mark.parametrize("place", [(), ("",), ("northwind", "", "x", "y")])
def test_half_a_place_is_refused(ring: KeyRing, place: tuple[str, ...]) -> None:
    with pytest.raises(VaultError, match="whole name"):
        vault.seal(SECRET, aad=place, ring=ring)


def test_another_partners_key_does_not_open_it(ring: KeyRing) -> None:
    token = vault.seal(SECRET, aad=PLACE, ring=ring)
    with pytest.raises(VaultError):
        vault.open_sealed(token, aad=PLACE, ring=KeyRing([vault.new_data_key(1)]))


def test_every_altered_character_is_noticed(ring: KeyRing) -> None:
    token = vault.seal({"a": "b"}, aad=PLACE, ring=ring)
    head, body = token.rsplit(".", 1)
    for place in range(len(body)):
        raw = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if place >= len(raw):
            break
        raw[place] ^= 1
        altered = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
        with pytest.raises(VaultError):
            vault.open_sealed(f"{head}.{altered}", aad=PLACE, ring=ring)


@pytest.mark.parametrize(
    "token",
    ["", "v1", "v1.1", "v1.1.", "v2.1.AAAA", "v1.x.AAAA", "v1.1.AAAA", "v1.1.%%%", "canary"],
)
def test_a_damaged_text_is_told_and_not_shown(ring: KeyRing, token: str) -> None:
    with pytest.raises(VaultError, match="Enter the credentials again") as caught:
        vault.open_sealed(token, aad=PLACE, ring=ring)
    assert "canary" not in str(caught.value)


def test_the_newest_key_seals_and_each_opens_what_it_sealed() -> None:
    first, second = vault.new_data_key(1), vault.new_data_key(2)
    old = vault.seal(SECRET, aad=PLACE, ring=KeyRing([first]))
    both = KeyRing([second, first])
    assert vault.open_sealed(old, aad=PLACE, ring=both) == SECRET
    assert vault.key_version(vault.seal(SECRET, aad=PLACE, ring=both)) == 2
    with pytest.raises(VaultError, match=r"Key 1.* missing"):
        vault.open_sealed(old, aad=PLACE, ring=KeyRing([second]))


def test_a_data_key_opens_only_under_its_master_for_its_partner_and_version() -> None:
    master, data_key = os.urandom(32), vault.new_data_key(3)
    wrapped = vault.wrap(data_key, master=master, schema="northwind")
    opened = vault.unwrap(wrapped, version=3, masters=[master], schema="northwind")
    assert opened == data_key
    previous = [os.urandom(32), master]
    assert vault.unwrap(wrapped, version=3, masters=previous, schema="northwind") == data_key
    for wrong in (
        {"version": 3, "masters": [os.urandom(32)], "schema": "northwind"},
        {"version": 3, "masters": [], "schema": "northwind"},
        {"version": 2, "masters": [master], "schema": "northwind"},
        {"version": 3, "masters": [master], "schema": "brightbridge"},
    ):
        with pytest.raises(VaultError, match="master key"):
            vault.unwrap(wrapped, **wrong)  # type: ignore[arg-type]  # three named arguments


def test_a_key_never_shows_itself() -> None:
    assert "key=" not in repr(DataKey(1, b"k" * 32))
    assert "kkk" not in repr(DataKey(1, b"k" * 32))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(VaultError, match="bytes"):
        vault.seal(SECRET, aad=PLACE, ring=KeyRing([DataKey(1, b"k" * length)]))


def test_a_partner_without_keys_is_told() -> None:
    with pytest.raises(VaultError, match="no key"):
        KeyRing([])
