"""The committed stylesheets: nothing from elsewhere, every token there, every icon there."""

import re
from pathlib import Path

import pytest

from branding.neutral import write_neutral
from branding.palette import palette

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "branding" / "static"
SOURCES = ROOT / "branding" / "static_src" / "css"
TEMPLATES = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("*/templates/**/*.html")]

# Set where they are used, by our own rules or by the vendored ones.
LOCAL = re.compile(
    r"--(tw-|btn-|size|input-color|radius-|color-|tone|border-radius|font-|spacing|default-)"
)


@pytest.mark.parametrize("name", ["portal.css", "admin.css", "fonts.css", "neutral.css"])
def test_a_stylesheet_loads_nothing_from_elsewhere(name: str) -> None:
    css = (STATIC / name).read_text()
    addresses = [
        address for address in re.findall(r"url\(([^)]*)\)", css) if "data:" not in address
    ]
    assert all(address.strip("'\"").startswith("./fonts/") for address in addresses)
    assert "@import" not in css


def test_every_font_that_is_named_is_there() -> None:
    for name in re.findall(r"url\(\./fonts/([^)]+)\)", (STATIC / "fonts.css").read_text()):
        assert (STATIC / "fonts" / name).stat().st_size > 1000


def test_every_token_that_a_rule_uses_is_one_that_the_theme_gives() -> None:
    given = set(palette("#0f766e").light)
    for source in SOURCES.glob("*.css"):
        used = set(re.findall(r"var\((--[a-z0-9-]+)", source.read_text()))
        missing = {name for name in used if name[2:] not in given and not LOCAL.match(name)}
        assert not missing, source.name


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    for template in TEMPLATES:
        text = template.read_text()
        named = set(re.findall(r'<c-icon[^>]*\bname="([a-z0-9-]+)"', text))
        named |= set(re.findall(r'<c-[^>]*\b(?:empty_)?icon="([a-z0-9-]+)"', text))
        assert named <= sprite, template.relative_to(ROOT)


def test_every_icon_of_the_menus_is_in_the_sprite() -> None:
    from branding.navigation import STAFF

    sprite = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    assert {entry.icon for _, group in STAFF for entry in group} <= sprite


def test_the_neutral_files_are_what_the_palette_makes(tmp_path: Path) -> None:
    write_neutral(tmp_path)
    for name in ("neutral.css", "neutral.png"):
        assert (tmp_path / name).read_bytes() == (STATIC / name).read_bytes(), name


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_of_ours_needs_what_the_policy_refuses(template: Path) -> None:
    text = template.read_text()
    if "unfold" in template.parts or "pdf" in template.parts:
        return  # the library's own bindings, under the admin's policy; WeasyPrint has none
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert "hx-on" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"(?:src|href)=[\"']https?://", text)
