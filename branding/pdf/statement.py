"""A statement on paper: the partner's, with the client's logo beside it where that is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.template.loader import render_to_string

from branding.commercial.months import Month
from branding.commercial.rows import Row, rows_of_statement
from branding.identity import Identity
from branding.models import Statement
from branding.palette import WHITE, on_fill, readable
from branding.pdf.drawing import FONT_FAMILIES, GIVEN, draw_pdf
from branding.services.identity import logo_ground
from branding.services.theme import palette_of
from branding.storage import read_picture
from branding.viewer import Viewer, chosen

_LOGO, _CLIENT_LOGO = "logo.png", "client-logo.png"


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on it. Numbers and dates are in the client's forms, whoever asks for it.

    client_logo_ground: see `branding.images.ground_of`; paper is white, so a white logo gets a dark
    plate, as on pages."""

    identity: Identity
    viewer: Viewer
    client_name: str
    month: Month
    rows: Sequence[Row]
    currency: str
    total: Decimal
    number: int
    issued_at: datetime
    outside: int = 0
    logo_url: str = ""
    client_logo_url: str = ""
    client_logo_ground: str = ""


def paper_of(statement: Statement, identity: Identity) -> Paper:
    """The paper of an issued statement."""
    client = statement.client
    return Paper(
        identity=identity,
        viewer=chosen(client, identity),
        client_name=client.name,
        month=statement.period,
        rows=rows_of_statement(statement.lines.all(), statement.currency),
        currency=statement.currency,
        total=statement.rounded_total,
        number=statement.number,
        issued_at=statement.issued_at,
        outside=statement.outside,
        logo_url=f"{GIVEN}{_LOGO}" if identity.logo else "",
        client_logo_url=f"{GIVEN}{_CLIENT_LOGO}" if client.pk in identity.client_logos else "",
        client_logo_ground=logo_ground(identity.client_logos.get(client.pk, "")),
    )


def statement_pdf(paper: Paper, client_id: int | None = None) -> bytes:
    """The paper as PDF. Raises PdfUnavailable."""
    logos = {
        _LOGO: paper.identity.logo,
        _CLIENT_LOGO: paper.identity.client_logos.get(client_id or 0, ""),
    }
    return draw_pdf(statement_html(paper), paper_css(paper.identity), _read(logos))


def statement_html(paper: Paper, stylesheet: str = "") -> str:
    """The paper as a page; `stylesheet` is the address of its style, for a browser."""
    values = {
        "paper": paper,
        "brand": paper.identity,
        "viewer": paper.viewer,
        "stylesheet": stylesheet,
    }
    return render_to_string("pdf/statement.html", values)


def paper_css(identity: Identity) -> str:
    """The style of a paper in the brand's colours; text of the brand's colour can be read."""
    light = palette_of(identity.primary, identity.accent).light
    colours = {
        "ink": light["ink"],
        "muted": readable(light["muted"], [WHITE], 4.5),
        "line": light["line"],
        "brand": light["brand"],
        "on_brand": on_fill(light["brand"]),
    }
    return render_to_string("pdf/paper.css", {"colours": colours, "families": FONT_FAMILIES})


def _read(names: Mapping[str, str]) -> dict[str, bytes]:
    pictures = {name: read_picture(stored) for name, stored in names.items()}
    return {name: picture for name, picture in pictures.items() if picture is not None}
