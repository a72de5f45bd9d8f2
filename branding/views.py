"""What every partner's host serves of its brand: colours, pictures, robots.txt.

The identity is remembered for seconds and costs no query then. An address with another version
than the one remembered says that somebody has published since: it is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    JsonResponse,
)
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from branding import storage
from branding.identity import Identity
from branding.services import pictures
from branding.services.identity import current_identity, forget_identity
from branding.services.theme import palette_of, theme_of
from governance.requests import actor_of

_FOREVER = "public, max-age=31536000, immutable"
_OWN_FOREVER = "private, max-age=31536000, immutable"
_ASK = "no-cache"


def _answer(
    request: HttpRequest,
    content: bytes | str,
    kind: str,
    version: str,
    *,
    keep: str = _FOREVER,
) -> HttpResponse:
    """The content, to be kept for good under its own version, and asked for under any other."""
    etag = f'"{version}"'
    response = HttpResponse(content, content_type=kind)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = keep if request.GET.get("v") == version else _ASK
    answer = get_conditional_response(request, etag=etag, response=response)
    return answer if isinstance(answer, HttpResponseNotModified | HttpResponse) else response


def _identity(request: HttpRequest, address: Callable[[Identity], str]) -> tuple[Identity, str]:
    """The identity and the version in one of its addresses, read anew when another is asked for."""
    identity = current_identity()
    version = _version(address(identity))
    if request.GET.get("v", version) != version:
        forget_identity()
        identity = current_identity()
        version = _version(address(identity))
    return identity, version


def _version(address: str) -> str:
    return "".join(parse_qs(urlsplit(address).query).get("v", []))


@require_safe
def theme(request: HttpRequest) -> HttpResponse:
    """The host's colours as custom properties."""
    identity, version = _identity(request, lambda brand: brand.theme_url)
    css, _ = theme_of(identity.primary, identity.accent)
    return _answer(request, css, "text/css; charset=utf-8", version)


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The live brand's logo; 404 when it has none."""
    identity, version = _identity(request, lambda brand: brand.logo_url)
    picture = storage.read_picture(identity.logo)
    if picture is None:
        raise Http404
    return _answer(request, picture, "image/png", version)


@require_safe
def client_logo(request: HttpRequest) -> HttpResponse:
    """The logo of the client whose person asks; 404 for anybody else, and where there is none."""
    client = actor_of(request).client_id
    name = current_identity().client_logos.get(client, "") if client else ""
    picture = storage.read_picture(name)
    if picture is None:
        raise Http404
    version = storage.picture_version(name)
    answer = _answer(request, picture, "image/png", version, keep=_OWN_FOREVER)
    answer.headers["Vary"] = "Cookie"
    return answer


@require_safe
def icon(request: HttpRequest, side: int = 192) -> HttpResponse:
    """The live brand's icon in one of its sizes, else its letter on its colour."""
    if side not in pictures.ICON_SIDES:
        raise Http404
    identity, version = _identity(request, lambda brand: brand.icon_url)
    return _answer(request, pictures.icon_of(identity, side), "image/png", version)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The icon where browsers look without being told."""
    identity, version = _identity(request, lambda brand: brand.icon_url)
    return _answer(request, pictures.favicon_of(identity), "image/x-icon", version)


@require_safe
def social(request: HttpRequest) -> HttpResponse:
    """The picture that stands for a link to this host."""
    identity, version = _identity(request, lambda brand: brand.social_url)
    return _answer(request, pictures.social_of(identity), "image/png", version)


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a device needs to put the host on its start screen."""
    identity, version = _identity(request, lambda brand: brand.manifest_url)
    tokens = palette_of(identity.primary, identity.accent).light
    _, _, icon_version = identity.icon_url.partition("?")
    content = JsonResponse(
        {
            "name": identity.name,
            "short_name": identity.name[:12].strip(),
            "start_url": "/",
            "display": "browser",
            "theme_color": tokens["brand"],
            "background_color": tokens["canvas"],
            "icons": [
                {
                    "src": f"/brand/icon-{side}.png?{icon_version}",
                    "sizes": f"{side}x{side}",
                    "type": "image/png",
                }
                for side in (192, 512)
            ],
        },
        json_dumps_params={"ensure_ascii": False},
    ).content
    return _answer(request, content, "application/manifest+json", version)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")
