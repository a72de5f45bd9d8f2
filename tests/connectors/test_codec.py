"""JSON from systems that we do not control."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.numbers import NotANumber, as_decimal
from syncjobs.connectors.codec import MAX_DEPTH, BrokenJson, at, decode, encode, text_at


def test_numbers_with_a_point_become_exact_decimals() -> None:
    value = decode(b'{"a": 0.1, "b": 145.00, "c": 7, "d": 1e3, "e": 12345678901234567890123}')
    assert value == {
        "a": Decimal("0.1"),
        "b": Decimal("145.00"),
        "c": 7,
        "d": Decimal("1E+3"),
        "e": 12345678901234567890123,
    }
    assert str(at(value, "b")) == "145.00"
    assert not any(isinstance(item, float) for item in value.values())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    [
        b"NaN", b"[Infinity]", b'{"a": -Infinity}', b'"\\ud800"', b'"\xff\xfe"', b"{", b'{"a":1}}',
        b"", b"\xef\xbb\xbf{}", b"[" * 100_000 + b"]" * 100_000, b"<html></html>", b"{'a': 1}",
        b"1" * 10_000,
    ],
)  # fmt: skip
def test_what_is_not_sound_json_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenJson):
        decode(body)


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "0." + "1" * 500])
def test_a_number_out_of_all_proportion_stays_its_text(number: str) -> None:
    """So the rows beside it are read; no mapping takes it for a number."""
    value = decode(f'[{{"a": {number}}}, {{"a": 1.5}}]'.encode())
    assert value == [{"a": number}, {"a": Decimal("1.5")}]
    with pytest.raises(NotANumber):
        as_decimal(number)


def test_nesting_has_a_limit() -> None:
    def nested(levels: int) -> bytes:
        return b'{"a":' * levels + b"1" + b"}" * levels

    assert decode(nested(MAX_DEPTH)) is not None
    with pytest.raises(BrokenJson, match="nested"):
        decode(nested(MAX_DEPTH + 1))
    with pytest.raises(BrokenJson, match="nested"):
        decode(b"[" * 41 + b"]" * 41)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'"\\u0000"', "\ufffd"),
        (b'"a\\\\u0000b"', "a\\u0000b"),  # a backslash and five characters, no NUL
        (b'"a\\\\\\u0000b"', "a\\\ufffdb"),
        (b'"\\u0000\\u0000"', "\ufffd\ufffd"),
    ],
)
def test_the_character_that_the_database_cannot_keep_is_replaced(body: bytes, text: str) -> None:
    assert decode(body) == text


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**18), 10**18)
        | st.decimals(-(10**12), 10**12, places=4)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=20,
    )
)
def test_what_is_written_as_numbers_reads_back_the_same(value: object) -> None:
    if "\\u0000" in encode(value, numbers=True).decode():
        return  # a key with NUL comes back replaced, see above
    assert decode(encode(value, numbers=True)) == value


def test_decimals_are_text_unless_numbers_are_asked_for() -> None:
    assert encode({"a": Decimal("7.50")}) == b'{"a":"7.50"}'
    assert encode({"a": Decimal("7.50")}, numbers=True) == b'{"a":7.50}'


def test_paths_reach_into_objects_and_lists_and_never_fail() -> None:
    data = {"a": {"b": [{"c": 1}]}, "n": None}
    assert at(data, "a.b.0.c") == 1
    assert at(data, "") is data
    for missing in ("x", "a.x", "a.b.1", "a.b.c", "a.b.0.c.d", "n.x", "a.b.-1"):
        assert at(data, missing) is None
        assert text_at(data, missing) == ""
    assert text_at(data, "a.b.0.c") == "1"
    assert text_at(data, "") == "", "an object without a version has none, not all of it as text"
