"""Secrets never reach what is stored or shown."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.redaction import REDACTED, looks_secret, redact, redact_mapping, redact_text

CANARY = "s3cr3t-canary-91f7"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "newPassword",
        "client_secret",
        "clientSecret",
        "X-Api-Key",
        "apiKey",
        "api_key",
        "APIKey",
        "Authorization",
        "Set-Cookie",
        "access_token",
        "refreshToken",
        "private_key",
        "privateKeyPem",
        "credentials",
        "OTP",
    ],
)
def test_fields_with_a_secrets_name_are_hidden(name: str) -> None:
    assert looks_secret(name)
    assert redact({name: CANARY}) == {name: REDACTED}


@pytest.mark.parametrize(
    "name",
    [
        "natural_key",
        "idempotency_key",
        "token_id",
        "tokens",
        "key",
        "secretary",
        "pinned",
        "author",
    ],
)
def test_fields_that_only_sound_alike_are_kept(name: str) -> None:
    assert redact({name: "kept"}) == {name: "kept"}


def test_a_secret_is_hidden_whole_at_any_depth() -> None:
    value = {"a": [{"credentials": {"user": CANARY, "pass": [CANARY]}}], "b": ({"pwd": CANARY},)}
    assert CANARY not in json.dumps(redact(value))


def test_an_absent_secret_is_told_from_a_present_one() -> None:
    assert redact({"password": None, "secret": ""}) == {"password": None, "secret": ""}


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"basic {CANARY}==",
        f"postgresql://someone:{CANARY}@db.example/x",
        f"https://api.example/v1?access_token={CANARY}&page=2",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
    ],
)
def test_secrets_inside_texts_are_hidden(text: str) -> None:
    assert CANARY not in redact_text(text)


def test_the_rest_of_a_text_is_kept() -> None:
    kept = redact_text(f"GET https://api.example/v1?token={CANARY}&page=2 failed")
    assert kept == f"GET https://api.example/v1?token={REDACTED}&page=2 failed"


def test_values_become_plain_json_without_loss() -> None:
    value = {
        "amount": Decimal("12430.10"),
        "on": date(2026, 11, 1),
        "at": datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
        "blob": b"\x00\x01",
        "odd": "a\x00b\ud800",
        "nan": float("nan"),
    }
    assert redact(value) == {
        "amount": "12430.10",
        "on": "2026-11-01",
        "at": "2026-11-01T08:00:00+00:00",
        "blob": "[2 bytes]",
        "odd": "a�b?",
        "nan": "nan",
    }


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_any_value_becomes_storable_json(value: object) -> None:
    text = json.dumps(redact(value), allow_nan=False, ensure_ascii=False)
    assert "\x00" not in text
    text.encode()


_MARKED = st.sampled_from(
    [
        "Bearer 0123456789abcdef",
        "Basic dXNlcjpwYXNzd29yZA==",
        "https://ann:hidden@example.com/?token=hidden",
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "basics",
        "a\\b",
        "Zoë",
        "nul\x00",
        "plain words",
    ]
)


@given(st.dictionaries(st.text(max_size=3), _JSON | _MARKED | st.lists(_MARKED), max_size=4))
def test_one_look_at_the_whole_finds_what_a_look_at_each_text_does(
    value: dict[str, object],
) -> None:
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError):  # nobody has it as JSON then
        return
    assert redact_mapping(value, encoded=encoded) == redact_mapping(value)


def test_a_value_without_end_in_depth_is_cut() -> None:
    deep: dict[str, object] = {}
    for _ in range(2000):
        deep = {"in": deep}
    assert "[too deep]" in json.dumps(redact(deep))
