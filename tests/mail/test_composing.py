"""Mail: two parts under the brand, nothing from elsewhere, nothing smuggled in."""

import re
from html import unescape
from html.parser import HTMLParser
from io import BytesIO

import pytest
from django.template import TemplateDoesNotExist
from PIL import Image

from branding.identity import Identity
from branding.mail.composing import compose
from branding.mail.logo import Logo, fitted
from branding.mail.samples import SAMPLES
from branding.palette import contrast
from tenants.outbox.kinds import KINDS

IDENTITY = Identity(
    name="Brightbridge & Co",
    letter="B",
    theme_url="",
    icon_url="",
    primary="#f59e0b",
    support="care@bright.example",
)
EVERY = sorted(KINDS)
HOSTILE = {
    "html": "<script>alert(1)</script><b>x</b>",
    "attribute": '" onclick="x" href="http://evil.example',
    "mjml": "</mj-text><mj-raw><script>x</script></mj-raw><mj-text>",
    "entity": "&lt;script&gt;&#60;script&#62;",
    "comment": "--><script>x</script><!--",
    "cdata": "]]><script>x</script>",
    "tag": "{% debug %}{{ brand }}",
    "lines": "Nina\r\nBcc: victim@example.com\r\n\r\n<html>",
    "turned": "Nina \u202egnihtemos\u202c",
    "nul": "Ni\x00na\x1b[31m",
    "long": "x" * 10_000,
}


def _everywhere(value: object, text: str) -> object:
    """The same values with `text` in place of every text but the addresses of links."""
    if isinstance(value, str):
        return value if value.startswith("https://") else text
    if isinstance(value, dict):
        return {name: _everywhere(one, text) for name, one in value.items()}
    if isinstance(value, list):
        return [_everywhere(one, text) for one in value]
    return value


def test_every_kind_has_a_sample() -> None:
    assert sorted(SAMPLES) == EVERY


@pytest.mark.parametrize("kind", EVERY)
def test_both_parts_carry_the_brand_and_what_the_mail_says(kind: str) -> None:
    made = compose(IDENTITY, kind, SAMPLES[kind])
    assert made.subject
    for part in (made.text, unescape(made.html)):
        assert "care@bright.example" in part
        assert "Brightbridge & Co" in part
        if link := SAMPLES[kind].get("link"):
            assert str(link) in part
    if "link" in SAMPLES[kind]:
        assert "#f59e0b" in made.html


@pytest.mark.parametrize("kind", EVERY)
def test_nothing_is_loaded_from_elsewhere_and_no_library_is_named(kind: str) -> None:
    html = compose(IDENTITY, kind, SAMPLES[kind]).html.lower()
    for trace in ("googleapis", "@import", "<script", "mjml", "mrml", "django", "livery", "unfold"):
        assert trace not in html
    loaded = re.findall(r"(?:src|background)=\"([^\"]*)\"", html)
    assert not loaded


@pytest.mark.parametrize(
    ("given", "shown"), [((1000, 100), (220, 22)), ((100, 400), (10, 40)), ((60, 20), (60, 20))]
)
def test_the_logo_keeps_its_shape(given: tuple[int, int], shown: tuple[int, int]) -> None:
    picture = BytesIO()
    Image.new("RGBA", given).save(picture, "PNG")
    size = fitted(picture.getvalue())
    assert size == shown
    logo = Logo("https://portal.example/brand/logo.png?v=1", *size)
    html = compose(IDENTITY, "test", SAMPLES["test"], logo=logo).html
    assert re.search(rf'<img[^>]*height="{shown[1]}"[^>]*width="{shown[0]}"', html), html
    assert 'src="https://portal.example/brand/logo.png?v=1"' in html
    assert "Brightbridge" in html, "the name stands beside a logo that does not show it"


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("trick", sorted(HOSTILE))
def test_no_value_brings_markup_headers_or_length(kind: str, trick: str) -> None:
    clean = compose(IDENTITY, kind, SAMPLES[kind])
    values = {name: _everywhere(one, HOSTILE[trick]) for name, one in SAMPLES[kind].items()}
    made = compose(IDENTITY, kind, values)
    assert _shape(made.html) == _shape(clean.html)
    assert not re.search(r"[\r\n\x00-\x1f\u202a-\u202e]", made.subject)
    assert len(made.subject) <= 150
    assert "\u202e" not in made.html + made.text
    assert "\x00" not in made.html + made.text
    assert len(made.text) < 20_000
    assert not re.search(r"^Bcc:", made.text, re.MULTILINE)


class _Shape(HTMLParser):
    """What a mail program would see: elements with their attributes' names, and comments."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":  # breaks of lines may come and go
            self.found.append(" ".join([tag, *sorted(name for name, _ in attrs)]))

    def handle_comment(self, data: str) -> None:
        self.found.append(f"comment {data}")


def _shape(html: str) -> list[str]:
    parser = _Shape()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize("trick", sorted(HOSTILE))
def test_a_brand_cannot_bring_markup_either(trick: str) -> None:
    bad = Identity(
        name=HOSTILE[trick], letter="B", theme_url="", icon_url="", support="care@bright.example"
    )
    made = compose(bad, "invitation", SAMPLES["invitation"])
    assert _shape(made.html) == _shape(compose(IDENTITY, "invitation", SAMPLES["invitation"]).html)
    assert "\n" not in made.subject
    assert len(made.subject) <= 150


def test_a_name_stands_in_plain_text_as_it_was_written() -> None:
    made = compose(IDENTITY, "invitation", {**SAMPLES["invitation"], "name": "O'Hara & <b>"})
    assert "O'Hara & <b>" in made.text


def test_dark_readers_get_colours_that_can_be_read() -> None:
    html = compose(IDENTITY, "approval_asked", SAMPLES["approval_asked"]).html
    dark = html[html.index("prefers-color-scheme") :]
    ink = re.search(r"\.ink div\s*{\s*color: (#\w{6})", dark)
    paper = re.search(r"\.paper > table\s*{\s*background: (#\w{6})", dark)
    assert ink is not None
    assert paper is not None
    assert contrast(ink[1], paper[1]) >= 7


def test_an_unknown_mail_is_an_error() -> None:
    with pytest.raises(TemplateDoesNotExist):
        compose(IDENTITY, "no_such_mail", {})
