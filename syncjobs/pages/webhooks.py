"""Where systems send webhooks, and the pages that give them an address and a secret."""

import msgspec
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from governance.errors import Refusal
from governance.requests import actor_of
from syncjobs.models import Connection
from syncjobs.pages.frame import back_to, explain_failure, one_of, page, reason_in
from syncjobs.services import webhooks
from syncjobs.signatures import BadSignature
from tenants.hosts import base_url

_RETRY_SECONDS = "30"


class Acknowledged(HttpResponse):
    """The good answer; `received` is what it tells of."""

    def __init__(self, received: webhooks.Received) -> None:
        content = acknowledgement(received)
        super().__init__(content, content_type="application/json", status=202)
        self.received = received


def acknowledgement(received: webhooks.Received) -> bytes:
    """Return the good answer's body."""
    return msgspec.json.encode({"id": received.message_id, "repeated": received.repeated})


@csrf_exempt
@never_cache
@require_POST
def hook(request: HttpRequest, key: str) -> HttpResponse:
    """Take one signed message; a good answer means that it is kept, come what may."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > webhooks.LONGEST_BODY:
        return _answer(413, "The message is too long.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        received = webhooks.receive(key, headers, request.body)
    except webhooks.UnknownHook:
        return _answer(404, "There is nothing here.")
    except webhooks.TooMany:
        response = _answer(429, "Too many messages; try again later.")
        response.headers["Retry-After"] = _RETRY_SECONDS
        return response
    except BadSignature as error:
        return _answer(400, str(error))
    except webhooks.BadMessage as error:
        # Signed by who has the secret, so it may be told what is wrong with it.
        return _answer(422, f"The message is signed well and cannot be read. {error}")
    return Acknowledged(received)


def _answer(status: int, text: str) -> HttpResponse:
    return JsonResponse({"error": {"code": str(status), "message": text}}, status=status)


@never_cache
@require_POST
def connection_hook(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the address, or a new secret for it: this answer is the one page that has it."""
    connection = one_of(request, Connection.objects.select_related("client"), pk)
    try:
        shown = webhooks.open_hook(actor_of(request), connection)
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
        return back_to(request, reverse("connection_detail", args=[pk]))
    context = {
        "connection": connection,
        "address": hook_address(shown.path, request),
        "secret": shown.secret,
        "rotated": bool(connection.hook_key),
    }
    return page(request, "connection_hook.html", context)


@require_POST
def connection_hook_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the address away, with a reason."""
    connection = one_of(request, Connection.objects.all(), pk)
    try:
        webhooks.close_hook(actor_of(request), connection, reason=reason_in(request))
        messages.success(request, "The address is closed. What had come is still worked off.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("connection_detail", args=[pk]))


def hook_address(path: str, request: HttpRequest) -> str:
    """Return the whole address, on the portal's host where there is one."""
    try:
        schema = str(database.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
        return base_url(schema, "portal") + path
    except LookupError:
        return request.build_absolute_uri(path)
