"""From HTML and CSS to a PDF, with nothing fetched from anywhere.

The library needs Pango on the machine. It is loaded when the first document is asked for, so
that a machine without it starts and serves everything else.
"""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import ImageFile

logger = logging.getLogger(__name__)

# The address under which a document finds what it was given, and no other address works.
GIVEN = "given:"
_FONTS = Path(__file__).resolve().parents[1] / "static" / "fonts"
_SCRIPTS = ("latin", "latin-ext", "greek", "cyrillic", "vietnamese")
FONT_FAMILIES = ", ".join(f'"Paper {script}"' for script in _SCRIPTS)


class PdfUnavailable(RuntimeError):
    """This machine cannot draw PDF files; the text says so to whoever asked for one."""

    def __init__(self) -> None:
        super().__init__(
            "A PDF can't be made here at the moment. Print this page instead, "
            "or ask support to add PDF documents."
        )


def draw_pdf(html: str, css: str, given: Mapping[str, bytes]) -> bytes:
    """The document as PDF. `given`: pictures by name, reached as `given:name`.

    Raises PdfUnavailable where the machine lacks what drawing needs.
    """
    library = _library()
    fetcher = _fetcher(given)
    fonts = _fonts()
    style = library.CSS(string=_faces() + css, url_fetcher=fetcher, font_config=fonts)
    document = library.HTML(string=html, url_fetcher=fetcher, base_url=GIVEN).render(
        stylesheets=[style], font_config=fonts
    )
    drawn: bytes = document.write_pdf(finisher=_unsigned)
    return drawn


def _library() -> Any:
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        logger.warning("No PDF can be drawn: %s (install Pango)", error)
        raise PdfUnavailable from error
    # It makes the whole process take pictures that are cut off; uploads must be whole.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return weasyprint


def _fonts() -> Any:
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def _fetcher(given: Mapping[str, bytes]) -> Any:
    """A fetcher that knows what the document was given and our own type, and opens nothing."""
    from weasyprint import urls

    class Given(urls.URLFetcher):  # type: ignore[misc]  # no types
        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            name = url.removeprefix(GIVEN)
            content = given.get(name) if url.startswith(GIVEN) else None
            if content is None and url.startswith(f"{GIVEN}font-"):
                content = _font(name.removeprefix("font-"))
            if content is None:
                raise ValueError("A document fetches nothing.")
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            return urls.URLFetcherResponse(url, content, {"Content-Type": kind})

    return Given()


def _font(script: str) -> bytes | None:
    if script not in _SCRIPTS:
        return None
    return (_FONTS / f"inter-{script}-wght-normal.woff2").read_bytes()


def _faces() -> str:
    return "".join(
        f'@font-face{{font-family:"Paper {script}";font-weight:{weight};'
        f'src:url("{GIVEN}font-{script}") format("woff2")}}\n'
        for script in _SCRIPTS
        for weight in (400, 700)
    )


def _unsigned(document: Any, pdf: Any) -> None:
    """Take out who drew it: whose paper it is stands in title and author."""
    for name in ("Producer", "Creator"):
        pdf.info.pop(name, None)
