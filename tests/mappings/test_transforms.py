"""Every step: what it makes of a value, and what it says when it can't."""

from decimal import Decimal
from importlib.resources import files

import pytest

from mappings.transforms import TRANSFORMS, TransformError, build_step
from mappings.transforms.places import _CODES

GOOD: list[tuple[str, dict[str, object], object, object]] = [
    ("trim", {}, "  a b ", "a b"),
    ("upper", {}, "straße", "STRASSE"),
    ("lower", {}, "ÄB", "äb"),
    ("title", {}, "ada lovelace", "Ada Lovelace"),
    ("collapse_spaces", {}, " a \n  b ", "a b"),
    ("digits", {}, "+49 (0)73-1", "490731"),
    ("to_text", {}, Decimal("1E+2"), "100"),
    ("to_text", {}, True, "true"),
    ("prefix", {"text": "AM-"}, "1", "AM-1"),
    ("suffix", {"text": " h"}, 7, "7 h"),
    ("replace", {"old": "-", "new": ""}, "a-b-c", "abc"),
    ("substring", {"start": 2, "length": 3}, "abcdef", "bcd"),
    ("part", {"separator": "/", "number": 2}, "a / b", "b"),
    ("pad_left", {"width": 5}, "42", "00042"),
    ("match", {"pattern": "^[A-Z]{2}[0-9]+$"}, "DE811", "DE811"),
    ("to_decimal", {}, " -12.50 ", Decimal("-12.50")),
    (
        "parse_number",
        {"decimal_sign": ",", "thousands_sign": "."},
        "1.234.567,80",
        Decimal("1234567.80"),
    ),
    (
        "parse_number",
        {"decimal_sign": ",", "thousands_sign": " "},
        "1\u202f234,5",
        Decimal("1234.5"),
    ),
    ("parse_number", {"decimal_sign": ".", "thousands_sign": "'"}, "1’234.5", Decimal("1234.5")),
    ("parse_number", {"decimal_sign": "."}, Decimal("7.5"), Decimal("7.5")),
    ("to_integer", {}, "7.00", 7),
    ("round", {"digits": 2}, "0.125", Decimal("0.13")),
    ("round", {"digits": 2, "mode": "half_even"}, "0.125", Decimal("0.12")),
    ("round", {"digits": 0, "mode": "down"}, "-1.9", Decimal(-1)),
    ("round", {"digits": 0, "mode": "up"}, "1.1", Decimal(2)),
    ("round_money", {"currency": "JPY"}, "99.5", Decimal(100)),
    ("round_money", {"currency": "KWD"}, "1.2345", Decimal("1.235")),
    ("round_money", {"currency": "EUR"}, "1.005", Decimal("1.01")),
    ("round_to", {"of": "0.25"}, "7.62", Decimal("7.50")),
    ("round_to", {"of": "0.25", "mode": "up"}, "7.51", Decimal("7.75")),
    ("multiply", {"by": "1.2"}, "10", Decimal("12.0")),
    ("divide", {"by": "3"}, "1", Decimal("0." + "3" * 40)),
    ("add", {"by": "0.1"}, "0.2", Decimal("0.3")),
    ("subtract", {"by": "1"}, "0", Decimal(-1)),
    ("negate", {}, "3.10", Decimal("-3.10")),
    ("absolute", {}, "-3.10", Decimal("3.10")),
    ("seconds_to_hours", {}, 27_000, Decimal("7.5")),
    ("minutes_to_hours", {}, "450", Decimal("7.5")),
    ("clock_to_hours", {}, "7:30", Decimal("7.5")),
    ("clock_to_hours", {}, "100:00:36", Decimal("100.01")),
    ("parse_date", {"format": "DD/MM/YYYY"}, "03/04/2026", "2026-04-03"),
    ("parse_date", {"format": "MM/DD/YYYY"}, "03/04/2026", "2026-03-04"),
    ("parse_date", {"format": "DD.MM.YYYY"}, "31.12.2026", "2026-12-31"),
    ("parse_date", {"format": "YYYYMMDD"}, "20261031", "2026-10-31"),
    ("parse_date", {"format": "YYYY/MM/DD"}, "2026/10/31", "2026-10-31"),
    (
        "parse_date",
        {"format": "DD.MM.YYYY", "or_format": "YYYY-MM-DD"},
        "2026-10-31",
        "2026-10-31",
    ),
    ("format_date", {"format": "DD.MM.YYYY"}, "2026-10-31", "31.10.2026"),
    ("format_date", {"format": "YYYY-MM-DD"}, "0999-10-31", "0999-10-31"),
    ("to_date", {}, "2026-10-31T23:30:00-05:00", "2026-10-31"),
    ("date_in_zone", {"zone": "Europe/Berlin"}, "2026-10-31T23:30:00-05:00", "2026-11-01"),
    ("local_time", {"zone": "Europe/Berlin"}, "2026-07-01T08:00:00", "2026-07-01T08:00:00+02:00"),
    ("local_time", {"zone": "Europe/Berlin"}, "2026-07-01T08:00:00Z", "2026-07-01T08:00:00+00:00"),
    (
        "local_time",
        {"zone": "Europe/Berlin", "unclear": "earlier"},
        "2026-10-25T02:30:00",
        "2026-10-25T02:30:00+02:00",
    ),
    (
        "local_time",
        {"zone": "Europe/Berlin", "unclear": "later"},
        "2026-10-25T02:30:00",
        "2026-10-25T02:30:00+01:00",
    ),
    ("to_utc", {}, "2026-07-01T08:00:00+02:00", "2026-07-01T06:00:00+00:00"),
    ("month", {}, "2026-10-31", "2026-10"),
    ("month_start", {}, "2026-10-31", "2026-10-01"),
    ("month_end", {}, "2028-02-03", "2028-02-29"),
    ("add_days", {"days": -1}, "2026-03-01", "2026-02-28"),
    ("epoch_seconds", {}, 0, "1970-01-01T00:00:00+00:00"),
    ("epoch_milliseconds", {}, "1500", "1970-01-01T00:00:01.500000+00:00"),
    ("to_boolean", {}, " Yes ", True),
    ("to_boolean", {}, "0", False),
    ("to_boolean", {}, "Ja", True),
    ("to_boolean", {}, "non", False),
    ("not", {}, "no", True),
    ("is_one_of", {"values": "won, closed won"}, "Closed Won", True),
    ("table", {"table": {"Won": "won", "1": True}}, 1, True),
    ("join", {"separator": ", "}, ["a", 1, None], "a, 1"),
    ("split", {"separator": ";"}, "a; b", ["a", "b"]),
    ("first", {}, [1, 2], 1),
    ("last", {}, [1, 2], 2),
    ("count", {}, [], 0),
    ("filter", {"field": "s", "values": "a, b"}, [{"s": "a"}, {"s": "c"}, {}], [{"s": "a"}]),
    ("pick", {"field": "p.q"}, [{"p": {"q": "1"}}, {}], ["1", None]),
    ("sum", {}, ["0.1", "0.2", None], Decimal("0.3")),
    ("sum", {"field": "n"}, [{"n": "0.1"}, {"n": ""}, {}], Decimal("0.1")),
    ("flatten", {}, [["a"], "b", [["c"]]], ["a", "b", ["c"]]),
    ("unique", {}, ["b", "a", "b", 1, Decimal(1)], ["b", "a", "1"]),
    (
        "group",
        {"field": "k"},
        [{"k": "x", "n": 1}, {"k": "y"}, {"k": "x"}],
        [
            {"key": "x", "members": [{"k": "x", "n": 1}, {"k": "x"}]},
            {"key": "y", "members": [{"k": "y"}]},
        ],
    ),
    ("email", {}, " Ada.L@Example.COM ", "Ada.L@example.com"),
    ("phone", {"calling_code": "49"}, "030 / 123-4567", "+49301234567"),
    ("phone", {"calling_code": "+49"}, "0043 1 234567", "+431234567"),
    ("phone", {"calling_code": "49"}, "+44 (0)20 7946 0000", "+442079460000"),
    ("country", {}, "Österreich", "AT"),
    ("country", {}, "che", "CH"),
    ("country", {}, "Germany", "DE"),
    ("country", {}, "united states", "US"),
    ("language", {}, "Français", "fr"),
    ("language", {}, "de_at", "de-AT"),
    ("currency", {}, " € ", "EUR"),
    ("currency", {}, "chf", "CHF"),
    ("currency", {}, "US$", "USD"),
    ("currency", {"signs": {"$": "cad"}}, "$", "CAD"),
    ("concat", {"fields": "x", "separator": "-"}, "a", "a"),
    ("concat", {"fields": "x, y.z"}, None, ""),
    ("coalesce", {"otherwise": "none"}, "", "none"),
    ("coalesce", {"fields": "x", "otherwise": "none"}, Decimal(1), Decimal(1)),
    ("case", {"table": {"Won": "won", "1": True}, "otherwise": "open"}, " WON ", "won"),
    ("case", {"table": {"won": "won"}, "otherwise": "open"}, "?", "open"),
    ("case", {"table": {"won": "won"}}, "Lost", "Lost"),
    ("if", {"test": "more_than", "than": "8", "then": "overtime"}, "10.0", "overtime"),
    ("if", {"test": "more_than", "than": "8", "then": "overtime"}, "8.0", "8.0"),
    ("if", {"test": "at_most", "than": "2026-03-31", "otherwise": "later"}, "2026-04-01", "later"),
    ("if", {"test": "is_not", "than": "1", "then": "other"}, "1.00", "1.00"),
    ("if", {"test": "contains", "than": "b", "then": "x", "otherwise": "y"}, "abc", "x"),
    ("if", {"test": "starts_with", "than": "b", "then": "x", "otherwise": "y"}, "abc", "y"),
    ("explode", {}, [{"a": 1}], [{"a": 1}]),
    ("sha256", {}, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
]

BAD: list[tuple[str, dict[str, object], object]] = [
    ("trim", {}, {"a": 1}),
    ("trim", {}, None),
    ("part", {"separator": "/", "number": 3}, "a/b"),
    ("match", {"pattern": "^[0-9]+$"}, "12a"),
    ("to_decimal", {}, "twelve"),
    ("to_decimal", {}, True),
    ("parse_number", {"decimal_sign": ",", "thousands_sign": "."}, "12.34"),
    ("parse_number", {"decimal_sign": ","}, "1.5"),
    ("parse_number", {"decimal_sign": ".", "thousands_sign": ","}, "1,23,456"),
    ("to_integer", {}, "7.5"),
    ("clock_to_hours", {}, "7.5"),
    ("clock_to_hours", {}, "7:60"),
    ("clock_to_hours", {}, "-1:30"),
    ("parse_date", {"format": "DD/MM/YYYY"}, "31/02/2026"),
    ("parse_date", {"format": "YYYY-MM-DD"}, "31.10.2026"),
    ("format_date", {"format": "YYYY-MM-DD"}, "03/04/2026"),
    ("to_utc", {}, "2026-07-01T08:00:00"),
    ("local_time", {"zone": "Europe/Berlin"}, "2026-10-25T02:30:00"),
    ("local_time", {"zone": "Europe/Berlin"}, "2026-03-29T02:30:00"),
    ("epoch_seconds", {}, "-1"),
    ("to_boolean", {}, "maybe"),
    ("table", {"table": {"Won": "won"}}, "Lost"),
    ("join", {"separator": ","}, "a"),
    ("first", {}, []),
    ("parse_date", {"format": "DD.MM.YYYY", "or_format": "YYYY-MM-DD"}, "10/31/2026"),
    ("filter", {"field": "s", "values": "a"}, ["a"]),
    ("sum", {}, ["x"]),
    ("flatten", {}, [[0] * 6_000, [0] * 6_000]),
    ("group", {"field": "k"}, [{"k": {"a": 1}}]),
    ("email", {}, "ada at example.com"),
    ("email", {}, "a@" + "b." * 200 + "com"),
    ("phone", {"calling_code": "49"}, "call me"),
    ("phone", {"calling_code": "49"}, "+49 30 1234567 8901234"),
    ("country", {}, "Atlantis"),
    ("language", {}, "xx"),
    ("currency", {}, "$"),
    ("currency", {}, "Doubloon"),
    ("concat", {"fields": "x"}, {"a": 1}),
    ("concat", {"fields": "x", "separator": "s" * 500}, "a" * 9_990),
    ("case", {"table": {"a": "b"}}, ["a"]),
    ("if", {"test": "is", "than": "1", "then": "x"}, {"a": 1}),
    ("explode", {}, "a"),
    ("explode", {}, [1] * 10_001),
]

REFUSED: list[tuple[str, dict[str, object]]] = [
    ("round", {"digits": 11}),
    ("round", {"digits": "2.5"}),
    ("round", {"digits": 2, "mode": "half-up"}),
    ("round_money", {"currency": "euro"}),
    ("round_to", {"of": "0"}),
    ("divide", {"by": "0"}),
    ("parse_number", {"decimal_sign": ",", "thousands_sign": ","}),
    ("parse_number", {"decimal_sign": ";"}),
    ("parse_date", {"format": "guess"}),
    ("parse_date", {"format": "DD/MM/YYYY", "or_format": "MM/DD/YYYY"}),
    ("pick", {"field": "__class__"}),
    ("phone", {"calling_code": "0"}),
    ("currency", {"signs": {"$": "dollar"}}),
    ("date_in_zone", {"zone": "Mars/Base"}),
    ("replace", {"old": ""}),
    ("split", {"separator": ""}),
    ("substring", {"start": 0, "length": 1}),
    ("pad_left", {"width": 5, "sign": "ab"}),
    ("is_one_of", {"values": " , "}),
    ("match", {"pattern": "("}),
    ("trim", {"python": "1"}),
    ("prefix", {}),
    ("prefix", {"text": 5}),
    ("table", {"table": {}}),
    ("table", {"table": "a=b"}),
    ("concat", {"fields": " , "}),
    ("concat", {"fields": "__class__"}),
    ("concat", {"fields": ",".join("abcdefghijk")}),
    ("coalesce", {}),
    ("case", {"table": {"a": "1", "A": "2"}}),
    ("if", {"test": "is", "than": "1"}),
    ("if", {"test": "matches", "than": "(a+)+$", "then": "x"}),
    ("if", {"test": "is", "than": "1", "then": "x", "field": "a,b"}),
]


@pytest.mark.parametrize(("name", "settings", "value", "expected"), GOOD)
def test_a_step_makes_of_a_value(
    name: str, settings: dict[str, object], value: object, expected: object
) -> None:
    made = build_step(name, settings)(value)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(("name", "settings", "value"), BAD)
def test_a_step_says_what_it_needs(name: str, settings: dict[str, object], value: object) -> None:
    step = build_step(name, settings)
    with pytest.raises(TransformError) as caught:
        step(value)
    assert 5 < len(str(caught.value)) < 200


@pytest.mark.parametrize(("name", "settings"), REFUSED)
def test_a_setting_that_can_not_be_is_refused(name: str, settings: dict[str, object]) -> None:
    with pytest.raises(TransformError):
        build_step(name, settings)


def test_the_codes_of_countries_are_those_of_the_zones_files() -> None:
    codes = _CODES.split()
    lines = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8").splitlines()
    assert set(codes[::2]) == {line[:2] for line in lines if line[:1].isalpha()}
    assert len(set(codes[1::2])) == len(codes[::2]) == 249


def test_every_step_is_tested_here() -> None:
    assert {name for name, *_ in GOOD} == set(TRANSFORMS)


def test_every_step_has_words_for_people() -> None:
    assert len(TRANSFORMS) >= 45
    for one in TRANSFORMS.values():
        assert one.label
        assert one.family
        assert all(param.label for param in one.params)
        words = [words for param in one.params for _, words in param.shown]
        assert all(one.strip() and "_" not in one for one in words)
