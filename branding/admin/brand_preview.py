"""What the form would look like: pages, a mail and a statement in the draft's brand.

Everything here is for those who manage the brand, reads the form from the address and changes
nothing. The pages stand in frames of their own, without scripts, in light and dark.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from branding.admin import brand_samples as samples
from branding.admin.brand_forms import BrandForm
from branding.commercial.pages import paper_answer
from branding.identity import Identity
from branding.mail.composing import compose
from branding.mail.logo import inline_logo
from branding.models import Brand
from branding.palette import stylesheet
from branding.pdf import paper_css, statement_html
from branding.services import brand as service
from branding.services.identity import identity_of
from branding.services.papers import preview_order
from branding.services.theme import palette_of
from branding.storage import picture_version, read_picture
from branding.texts import TextRefused, plain_text
from branding.verdicts import verdicts_of
from branding.viewer import chosen
from tenants.doors import staff_page

VIEWS = {
    "sign-in": "Sign-in",
    "dashboard": "Dashboard",
    "portal": "Portal",
    "mail": "Mail",
    "pdf": "PDF",
}
MODES = {"light": "Light", "dark": "Dark"}
_UNKEPT = {"Cache-Control": "no-store"}
PAPERS = {"mail": "An invitation", "pdf": "A statement"}  # the same on a dark screen
_FRAME: dict[str, Any] = {
    "default-src": [NONE],
    "style-src": [SELF],
    "font-src": [SELF],
    "img-src": [SELF, "data:"],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
}
# A mail carries its style in its tags, as mail programs want it.
_MAIL_FRAME: dict[str, Any] = {**_FRAME, "style-src": [UNSAFE_INLINE]}


@staff_page(service.PERMISSION)
@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """Show the form as it would look, in the pane beside it. Changes nothing."""
    form = BrandForm(request.GET)
    form.is_valid()
    return render(request, "branding/brand_preview.html", pane(request, form))


def pane(request: HttpRequest, form: BrandForm) -> dict[str, object]:
    """What the pane shows: the chosen page in frames, and how well the colours can be read."""
    seen = _seen(form)
    query = urlencode(_written(seen))
    chosen = request.GET.get("view", "")
    view = chosen if chosen in VIEWS else "sign-in"
    tokens = palette_of(seen.primary, seen.accent)
    address = reverse("brand_preview_page", args=[view])
    modes = {"light": PAPERS[view]} if view in PAPERS else MODES
    return {
        "view": view,
        "tabs": [
            {"label": label, "view": name, "active": name == view} for name, label in VIEWS.items()
        ],
        "frames": [
            {"label": label, "url": f"{address}?{query}&mode={mode}"}
            for mode, label in modes.items()
        ],
        "view_label": VIEWS[view],
        "pdf_url": f"{reverse('brand_preview_pdf')}?{query}" if view == "pdf" else "",
        "corrections": tokens.corrections,
        "verdicts": verdicts_of(tokens),
    }


def _seen(form: BrandForm) -> Brand:
    """The draft with the form's values on it; the stored value where one is bad."""
    stored = service.brand_to_edit()
    known = getattr(form, "cleaned_data", {})
    for name in service.BrandValues.__dataclass_fields__:
        value = known.get(name)
        if value is None or (not value and name in ("name", "primary", "locale", "time_zone")):
            continue
        setattr(stored, name, _plain(stored, name, value))
    return stored


def _plain(stored: Brand, name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return plain_text(value, 300)
    except TextRefused:
        return getattr(stored, name)


def _written(seen: Brand) -> dict[str, object]:
    values = {name: getattr(seen, name) for name in service.BrandValues.__dataclass_fields__}
    return {name: "on" if value is True else value for name, value in values.items() if value}


def _asked(request: HttpRequest) -> tuple[Identity, str, str]:
    """The identity in the address, where its theme is, and the mode."""
    form = BrandForm(request.GET)
    form.is_valid()
    seen = _seen(form)
    logo = picture_version(seen.logo)
    address = f"{reverse('brand_preview_logo')}?v={logo}" if logo else ""
    identity = replace(
        identity_of(seen), logo_url=address, touch_icon_url="", icon_url="", client_logos={}
    )
    colours = urlencode({"primary": identity.primary, "accent": identity.accent})
    theme = f"{reverse('brand_preview_theme')}?{colours}"
    mode = request.GET.get("mode", "")
    return identity, theme, mode if mode in MODES else "light"


@staff_page(service.PERMISSION)
@require_GET
@xframe_options_sameorigin
def preview_page(request: HttpRequest, view: str) -> HttpResponse:
    """One page in the brand of the address."""
    if view not in VIEWS:
        raise Http404
    return _mail(request) if view == "mail" else _page(request, view)


def _page(request: HttpRequest, view: str) -> HttpResponse:
    identity, theme, mode = _asked(request)
    if view == "pdf":
        css = f"{reverse('brand_preview_paper')}?{urlencode({'primary': identity.primary})}"
        return _framed(statement_html(samples.paper(identity), stylesheet=css), _FRAME)
    context = {
        "brand": identity,
        "client_logo_url": "",
        "preview_theme": theme,
        "preview_mode": mode,
        "viewer": chosen(identity),
        "sample": samples.page(),
    }
    page = render_to_string(f"branding/preview/{view}.html", context, request)
    return _framed(page, _FRAME)


def _mail(request: HttpRequest) -> HttpResponse:
    identity, _, _ = _asked(request)
    logo = inline_logo(service.brand_to_edit())
    mail = compose(identity, "invitation", samples.invitation(request), logo=logo)
    return _framed(mail.html, _MAIL_FRAME)


def _framed(page: str, policy: dict[str, Any]) -> HttpResponse:
    """A page that only our own pages may show in a frame, and that is never kept."""

    @csp(policy)
    def answer(_: HttpRequest) -> HttpResponse:
        return HttpResponse(page, headers=_UNKEPT)

    framed: HttpResponse = answer(HttpRequest())  # type: ignore[assignment]  # the decorator's
    return framed


@staff_page(service.PERMISSION)
@require_GET
def preview_theme(request: HttpRequest) -> HttpResponse:
    """The colours in the address as a theme; the stored ones where they are none."""
    identity, _, _ = _asked(request)
    css = stylesheet(palette_of(identity.primary, identity.accent))
    return HttpResponse(css, content_type="text/css; charset=utf-8", headers=_UNKEPT)


@staff_page(service.PERMISSION)
@require_GET
def preview_paper(request: HttpRequest) -> HttpResponse:
    """The style of a printed statement in the colours of the address."""
    identity, _, _ = _asked(request)
    return HttpResponse(
        paper_css(identity), content_type="text/css; charset=utf-8", headers=_UNKEPT
    )


@staff_page(service.PERMISSION)
@require_GET
def preview_pdf(request: HttpRequest) -> HttpResponse:
    """The statement of the preview as the file that a client would get."""
    form = BrandForm(request.GET)
    form.is_valid()
    seen = _seen(form)
    values = {name: getattr(seen, name) for name in service.BrandValues.__dataclass_fields__}
    order = preview_order({**values, "logo": seen.logo, "icon": seen.icon})
    back = f"{reverse('brand_edit')}?view=pdf"
    return paper_answer(request, order, "statement.pdf", back, "Brand")


@staff_page(service.PERMISSION)
@require_GET
def preview_logo(request: HttpRequest) -> HttpResponse:
    """The draft's logo, which nobody else sees yet."""
    picture = read_picture(service.brand_to_edit().logo)
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/png", headers=_UNKEPT)
