"""A mail's three parts under a brand: HTML by MJML with the colours written in, and plain text.

A mail named `x` is two templates: `mail/x.txt`, whose first line is the subject, and
`mail/x.mjml`, which extends `mail/base.mjml`. Both see `brand`, `colours` and the given values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import css_inline
import mrml
from django.template.loader import render_to_string

from branding.identity import Identity
from branding.mail.logo import Logo
from branding.palette import WHITE, on_fill, readable
from branding.services.theme import palette_of
from tenants.outbox.kinds import KINDS
from tenants.outbox.plain import cleaned, one_line

_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail before it is sent."""

    subject: str
    text: str
    html: str


def compose(
    identity: Identity, template: str, context: Mapping[str, object], *, logo: Logo | None = None
) -> Composed:
    """Render a mail's three parts. Raises TemplateDoesNotExist for an unknown mail."""
    identity = replace(identity, name=one_line(identity.name), support=one_line(identity.support))
    long = KINDS[template].long if template in KINDS else frozenset()
    values = {
        **cleaned(context, long),
        "brand": identity,
        "colours": _colours(identity),
        "logo": logo,
    }
    subject, _, text = render_to_string(f"mail/{template}.txt", values).partition("\n")
    output = mrml.to_html(render_to_string(f"mail/{template}.mjml", values))
    html = css_inline.CSSInliner(
        load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True
    ).inline(output.content)
    return Composed(one_line(subject, _SUBJECT), text.strip() + "\n", html)


def _colours(identity: Identity) -> Mapping[str, str]:
    """The colours of both modes; those of the dark one are named `dark_…`."""
    tokens = palette_of(identity.primary, identity.accent)
    dark = tokens.dark
    return {
        **_of_mode(tokens.light, WHITE),
        **{f"dark_{name}": value for name, value in _of_mode(dark, dark["surface"]).items()},
    }


def _of_mode(mode: Mapping[str, str], paper: str) -> dict[str, str]:
    fill = mode["brand"]
    return {
        "page": mode["canvas"],
        "paper": paper,
        "ink": mode["ink"],
        "muted": readable(mode["muted"], [mode["canvas"], paper], 4.5),
        "line": mode["line"],
        "brand": fill,
        "on_brand": on_fill(fill),
        "link": readable(mode["brand-text"], [mode["canvas"], paper], 4.5),
    }
