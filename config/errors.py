"""Error pages and API errors: branded where the host is a partner's, neutral elsewhere."""

import logging
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from governance import correlation
from governance.errors import Refusal

logger = logging.getLogger(__name__)

# What the API calls an answer that no view of its own gave; views name theirs themselves.
CODES = {
    400: "parse_error",
    403: "permission_denied",
    404: "not_found",
    429: "throttled",
    500: "error",
    503: "unavailable",
}
TITLES = {
    400: ("This request can't be read", "Go back and try again."),
    403: ("You may not open this page", "Ask an owner or administrator if you need it."),
    404: ("Page not found", "The address may be old or mistyped."),
    429: ("Too many tries", "Wait a minute, then try again."),
    500: ("Something failed on our side", "It has been noted. Try again in a minute."),
    503: ("Not available now", "This service is paused. Contact support if it stays so."),
}


# A tab that was left open over night, or a sign-in in another one: nothing that roles would change.
OUTDATED = (
    "This form is out of date",
    "Nothing was saved. Open the page again and send it once more; if that fails, allow cookies.",
)


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _body(
    request: HttpRequest, status: int, template: str, words: tuple[str, str] | None = None
) -> HttpResponse:
    title, message = words or TITLES[status]
    reference = correlation.current().correlation_id
    if _wants_json(request):
        return JsonResponse(
            {
                "error": {
                    "code": CODES[status],
                    "message": f"{title}. {message}",
                    "reference": reference,
                }
            },
            status=status,
        )
    context = {"status": status, "title": title, "message": message, "reference": reference}
    if words is OUTDATED:
        context["again"] = _came_from(request)
    elif getattr(request, "urlconf", "") == settings.PUBLIC_SCHEMA_URLCONF:
        context["start"] = "/"
    return render(request, template, context, status=status)


def neutral(request: HttpRequest, status: int) -> HttpResponse:
    """Answer for a host that is nobody's: plain, and with no name on it."""
    return _body(request, status, "errors/neutral.html")


@csrf_exempt
def paused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer for whatever is asked of a suspended partner's host: its brand, nothing of its own.

    A partner that is still being set up may lack the tables that the brand is in.
    """
    try:
        response = _body(request, 503, "errors/503.html")
    except Exception:
        logger.exception("The page of a suspended partner failed; the neutral one is shown")
        response = _body(request, 503, "errors/neutral.html")
    response.headers["Retry-After"] = "3600"
    response.headers["Cache-Control"] = "no-store"
    return response


def _came_from(request: HttpRequest) -> str:
    """Return the page of ours on which a form stood, the start page where that is not known."""
    page = request.headers.get("Referer", "")
    known = url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure())
    return page if known else "/"


def _page(request: HttpRequest, status: int, words: tuple[str, str] | None = None) -> HttpResponse:
    template = f"errors/{status}.html" if hasattr(request, "tenant") else "errors/neutral.html"
    return _body(request, status, template, words)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    return neutral(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return _page(request, 404)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 429 where a library counts the tries; our own forms say it beside their fields."""
    return _page(request, 429)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500; the brand may be what failed, so the neutral page is the way back."""
    try:
        return _page(request, 500)
    except Exception:
        logger.exception("The error page failed; the neutral one is shown")
        return neutral(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is missing or old."""
    logger.warning("Form refused: %s", reason)
    return _page(request, 403, OUTDATED)


# What is wrong with all of it together, as the frameworks write that.
_NO_FIELD: Final = {api_settings.NON_FIELD_ERRORS_KEY: "", NON_FIELD_ERRORS: ""}


def _flat(detail: Any) -> list[dict[str, str]]:
    """Return DRF's nested error detail as rows of field and message."""
    if isinstance(detail, dict):
        return [
            {
                "field": f"{_NO_FIELD.get(key, key)}.{row['field']}".strip("."),
                "message": row["message"],
            }
            for key, value in detail.items()
            for row in _flat(value)
        ]
    if isinstance(detail, list):
        return [row for value in detail for row in _flat(value)]
    # A refusal may repeat what was sent, and half a character cannot be sent back.
    return [{"field": "", "message": str(detail).encode(errors="replace").decode()}]


def _whole(rows: list[dict[str, str]]) -> str:
    """Return what is wrong first, with the field that it is about, and how much else is."""
    if not rows:
        return ""
    field, message, more = rows[0]["field"], rows[0]["message"], len(rows) - 1
    said = f"{field}: {message}" if field else message
    return f"{said} ({more} more in fields.)" if more else said


class Refused(exceptions.APIException):
    """The rules say no to this now; the message says why."""

    status_code = 409
    default_code = "refused"


def _as_api_error(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Refusal):
        return Refused(str(error))
    if isinstance(error, Http404):
        return exceptions.NotFound("Nothing here with that address.")
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(str(error) or "Your token does not allow this.")
    if isinstance(error, RecursionError):
        return exceptions.ParseError("The body is nested too deep to be read.")
    if isinstance(error, ValidationError):
        detail = error.message_dict if hasattr(error, "error_dict") else error.messages
        return exceptions.ValidationError(detail)
    return None


def api_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return every API error in one shape: code, message, fields, reference."""
    known = _as_api_error(error)
    if known is None:
        return None
    set_rollback()
    rows = _flat(known.detail)
    code = str(known.default_code)
    body: dict[str, object] = {
        "code": code,
        "message": _whole(rows) or str(known.default_detail),
        "reference": correlation.current().correlation_id,
    }
    if isinstance(known, exceptions.ValidationError):
        body["fields"] = [row for row in rows if row["field"]]
    response = Response({"error": body}, status=known.status_code)
    if wait := getattr(known, "wait", None):
        response["Retry-After"] = str(int(wait) + 1)
    if header := getattr(known, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response
