"""Mail under the partner's brand: HTML by MJML with the colours written in, and plain text.

A mail named `x` is two templates: `mail/x.txt`, whose first line is the subject, and
`mail/x.mjml`, which extends `mail/base.mjml`. Both see `brand`, `colours` and the given values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formataddr, parseaddr

import css_inline
import mrml
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from branding.identity import Identity
from branding.palette import WHITE, on_fill, readable
from branding.services.identity import current_identity
from branding.services.theme import palette_of
from tenants.context import current_schema
from tenants.hosts import base_url


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail before it is sent."""

    subject: str
    text: str
    html: str


def send_branded(to: str, template: str, context: Mapping[str, object]) -> None:
    """Send one mail to one address under the current partner's brand.

    It comes from the installation's sender under the brand's name; answers go to the brand's
    support address. Raises TemplateDoesNotExist for an unknown mail, and the backend's errors.
    """
    identity = current_identity()
    mail = compose(identity, template, context)
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=formataddr((identity.name, address)),
        to=[to],
        reply_to=[identity.support] if identity.support else None,
    )
    message.attach_alternative(mail.html, "text/html")
    message.send()


def compose(identity: Identity, template: str, context: Mapping[str, object]) -> Composed:
    """Render a mail's three parts."""
    values = {
        **context,
        "brand": identity,
        "colours": _colours(identity),
        "logo": _logo_address(identity),
    }
    subject, _, text = render_to_string(f"mail/{template}.txt", values).partition("\n")
    output = mrml.to_html(render_to_string(f"mail/{template}.mjml", values))
    html = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True).inline(
        output.content
    )
    return Composed(" ".join(subject.split()), text.strip() + "\n", html)


def _colours(identity: Identity) -> Mapping[str, str]:
    light = palette_of(identity.primary, identity.accent).light
    fill = light["brand"]
    return {
        "page": light["canvas"],
        "paper": WHITE,
        "ink": light["ink"],
        "muted": readable(light["muted"], [light["canvas"]], 4.5),
        "line": light["line"],
        "brand": fill,
        "on_brand": on_fill(fill),
        "link": light["brand-text"],
    }


def _logo_address(identity: Identity) -> str:
    """The logo's absolute address, or nothing: a mail is opened on another machine."""
    if not identity.logo_url:
        return ""
    return base_url(current_schema(), "portal") + identity.logo_url
