"""Whatever two colours a partner has, what is sent can be read."""

import pytest
from coloraide import Color
from hypothesis import given, settings
from hypothesis import strategies as st

from branding.palette import (
    FILL_CONTRAST,
    GRAPHIC_CONTRAST,
    TEXT_CONTRAST,
    TONES,
    ColourError,
    contrast,
    palette,
    parse_colour,
    stylesheet,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
PAGES = ("surface", "canvas", "sunken", "hover")


def _assert_readable(tokens: dict[str, str]) -> None:
    for page in PAGES:
        ground = tokens[page]
        for text in ("ink", "muted", "brand-text", "accent-text"):
            assert contrast(tokens[text], ground) >= TEXT_CONTRAST, (text, page)
        for graphic in ("focus", "line-strong", "brand-edge"):
            assert contrast(tokens[graphic], ground) >= GRAPHIC_CONTRAST, (graphic, page)
        for tone in TONES:
            assert contrast(tokens[tone], ground) >= TEXT_CONTRAST, (tone, page)
    for role in ("brand", "accent"):
        for fill in (role, f"{role}-hover"):
            assert contrast(tokens[f"on-{role}"], tokens[fill]) >= TEXT_CONTRAST, fill
        assert contrast(tokens[f"{role}-text"], tokens[f"{role}-soft"]) >= TEXT_CONTRAST
        assert contrast(tokens[role], tokens["surface"]) >= FILL_CONTRAST
    for tone in TONES:
        assert contrast(tokens[tone], tokens[f"{tone}-soft"]) >= TEXT_CONTRAST, tone
    for number in range(1, 5):
        assert contrast(tokens[f"chart-{number}"], tokens["surface"]) >= GRAPHIC_CONTRAST


@settings(max_examples=40, deadline=None)
@given(COLOURS, st.one_of(st.just(""), COLOURS))
def test_every_token_passes_contrast_whatever_the_colours(primary: str, accent: str) -> None:
    made = palette(primary, accent)
    _assert_readable(dict(made.light))
    _assert_readable(dict(made.dark))


@pytest.mark.parametrize("extreme", ["#ffffff", "#000000", "#ffff00", "#0000ff", "#777777"])
def test_extreme_brands_pass_contrast_too(extreme: str) -> None:
    made = palette(extreme, extreme)
    _assert_readable(dict(made.light))
    _assert_readable(dict(made.dark))


def test_a_readable_brand_is_used_as_it_is() -> None:
    made = palette("#0f766e")
    assert made.light["brand"] == "#0f766e"
    assert made.light["brand-text"] == "#0f766e"
    assert made.light["on-brand"] == "#ffffff"
    assert [note for note in made.corrections if note.mode == "light"] == []


def test_a_bright_brand_keeps_its_buttons_and_says_what_its_links_became() -> None:
    made = palette("#f59e0b")
    assert made.light["brand"] == "#f59e0b"
    assert made.light["on-brand"] == "#000000"
    (note,) = made.corrections
    assert note.given == "#f59e0b"
    assert note.used == made.light["brand-text"]
    assert note.used in note.message


def test_a_second_colour_that_is_too_faint_for_charts_is_corrected_there() -> None:
    made = palette("#0f766e", "#fde68a")
    (note,) = [note for note in made.corrections if note.role == "chart"]
    assert (note.given, note.mode) == ("#fde68a", "light")
    assert note.used == made.light["chart-2"]


def test_a_brand_that_nobody_would_see_has_its_buttons_corrected() -> None:
    made = palette("#ffffff")
    fills = [note for note in made.corrections if note.role == "fill"]
    assert [note.mode for note in fills] == ["light"]
    assert made.light["brand"] != "#ffffff"
    assert made.dark["brand"] == "#ffffff"


@pytest.mark.parametrize("text", ["", "teal", "#12345", "#1234567", "url(x)", "#12 345", "１２３"])
def test_what_is_no_colour_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ColourError, match="#0f766e"):
        parse_colour(text)


def test_short_and_bare_colours_are_written_out() -> None:
    assert parse_colour("#ABC") == "#aabbcc"
    assert parse_colour(" 0F766E ") == "#0f766e"


def test_the_stylesheet_holds_custom_properties_of_both_modes_and_nothing_else() -> None:
    css = stylesheet(palette("#0f766e", "#f97316"))
    bodies = [part.split("}")[0] for part in css.split("{") if "--canvas" in part]
    assert len(bodies) == 3
    for body in bodies:
        names = [declaration.split(":")[0] for declaration in body.split(";")]
        assert all(name == "color-scheme" or name.startswith("--") for name in names)


def test_the_same_colours_always_make_the_same_stylesheet() -> None:
    assert stylesheet(palette("#f59e0b")) == stylesheet(palette("#F59E0B"))


@pytest.mark.parametrize(
    "brand", ["#e4572e", "#dc2626", "#f87171", "#b91c1c", "#ef4444", "#db2777"]
)
def test_a_red_brand_is_told_from_trouble_in_charts(brand: str) -> None:
    made = palette(brand, "")
    for mode in (made.light, made.dark):
        assert Color(mode["chart-1"]).delta_e(mode["chart-bad"], method="2000") >= 20
        assert contrast(mode["chart-bad"], mode["surface"]) >= GRAPHIC_CONTRAST
