"""What every partner's host serves of its brand: colours, pictures, robots.txt."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from branding import images, storage
from branding.identity import letter_of
from branding.models import Brand
from branding.palette import on_fill
from branding.services.brand import live_brand
from branding.services.identity import current_identity, forget_identity
from branding.services.theme import palette_of, theme_of

_FOREVER = "public, max-age=31536000, immutable"
_ASK = "no-cache"


def _answer(request: HttpRequest, content: bytes | str, kind: str, version: str) -> HttpResponse:
    """The content, to be kept for good under its own version, and asked for under any other."""
    etag = f'"{version}"'
    response = HttpResponse(content, content_type=kind)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = _FOREVER if request.GET.get("v") == version else _ASK
    answer = get_conditional_response(request, etag=etag, response=response)
    return answer if isinstance(answer, HttpResponseNotModified | HttpResponse) else response


@require_safe
def theme(request: HttpRequest) -> HttpResponse:
    """The host's colours as custom properties."""
    identity = current_identity()
    css, version = theme_of(identity.primary, identity.accent)
    if request.GET.get("v", version) != version:
        # Another process has published since: what this one remembers may be old.
        forget_identity()
        identity = current_identity()
        css, version = theme_of(identity.primary, identity.accent)
    return _answer(request, css, "text/css; charset=utf-8", version)


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The live brand's logo; 404 when it has none."""
    brand = live_brand()
    picture = storage.read_picture(brand.logo) if brand else None
    if brand is None or picture is None:
        raise Http404
    return _answer(request, picture, "image/png", storage.picture_version(brand.logo))


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """The live brand's icon, else its letter on its colour."""
    brand = live_brand() or Brand(name=current_identity().name)
    picture = storage.read_picture(brand.icon)
    if picture is not None:
        return _answer(request, picture, "image/png", storage.picture_version(brand.icon))
    fill = palette_of(brand.primary, brand.accent).light["brand"]
    letter = letter_of(brand.name)
    _, version = theme_of(brand.primary, brand.accent)
    drawn = images.letter_icon(letter, fill, on_fill(fill))
    return _answer(request, drawn, "image/png", f"{ord(letter):x}-{version}")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")
