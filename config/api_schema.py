"""What the API's description says of its tokens, its filters and its refusals."""

from typing import Any, Final

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from governance.state import LABELS
from syncjobs import state
from syncjobs.connectors.files import HELD
from tenants.accounts.models import Client
from tenants.models import Domain

# Names of the closed sets that several objects call "status" or "state".
CHANGE_STATUS = list(LABELS.items())
CLIENT_STATUS = Client.Status.choices
CONNECTION_STATE = state.CONNECTION.choices
DELIVERY_STATE = state.DELIVERY.choices
EXCEPTION_STATE = state.ISSUE.choices
RUN_STATE = state.RUN.choices
WORKFLOW_STATE = state.WORKFLOW.choices
BREAKER_STATE = state.BREAKER.choices
DOMAIN_STATE = Domain.State.choices
DOMAIN_KIND = Domain.Kind.choices
RECORD_KIND = [(name, name) for name in HELD]
ENDPOINT_STATE = state.ENDPOINT.choices
MESSAGE_STATE = state.MESSAGE.choices


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library has no type hints
    """A bearer token; each call's scope is in the answer of a refused one."""

    target_class = "config.api_auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer"}


class Described(AutoSchema):
    """One call as its view set declares it: the filters of its list among the parameters."""

    def get_override_parameters(self) -> list[Any]:
        """Return the filters of a list."""
        filters = getattr(self.view, "filters", None)
        is_list = getattr(self.view, "action", "") == "list"
        return [filters] if is_list and filters and filters().fields else []


_RATES: Final[Any] = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
DESCRIPTION: Final = """\
**Tokens.** Every call carries `Authorization: Bearer <token>`. A token belongs to one person and
can do at most what that person can; give it only the scopes that the program needs. A call whose
scope is missing is answered 403 and names the scope.

**Lists** come in pages, newest first: `results`, and `next` with the address of the next page,
null on the last. `page_size` is at most 200. A list refuses a parameter that it does not know,
rather than ignore it.
`changed_since` gives records and deliveries that changed since a moment. Programs that want to be
told at once have webhooks sent to them: `POST /api/v1/webhook-endpoints/`.

**Limits.** A token may make so many calls: `{token}`, counted by each process of the service
on its own: where several run, more may pass before one answers 429, so go by the answer and its
`Retry-After`, not by a count of your own. Refused calls count. Calls without a usable token are
limited by the place that they come from, `{unknown}`; right tokens from the same place go on.

**Where a record came from** and what became of it says `GET /api/v1/records/{{id}}/lineage/`:
versions, deliveries with how each try ended, its numbers in other systems, audit entries.

**Bodies** are JSON in UTF-8. An object that has a name twice is refused (`parse_error`, which
says the name), rather than one of the two taken. So is a field that a call does not know, or
that can only be read (`invalid`, naming each).

**Bringing data in.** Records come from connected systems. To a connection for files a program
sends records as JSON with `POST /api/v1/connections/{{id}}/records/` under an `Idempotency-Key`
of its own, or files (CSV, .xlsx, JSON Lines) with `POST /api/v1/connections/{{id}}/files/`; or it
plays a system that sends webhooks to the address of its connection; the page that makes the
address says how to sign. The same records, the same file or the same message sent twice is taken
in once and answered with `repeated`; a row that did not change changes nothing.

**Refusals** all have the same body: `error` with a `code`, a `message` that says what to do, a
`reference` to quote to support, and for `invalid` the `fields`, one row for each thing that is
wrong. A program goes by the `code`; messages change.

| Status | `code` | Means | Do |
|---|---|---|---|
| 400 | `invalid` | something that was sent is wrong | correct what `fields` names |
| 400 | `parse_error` | the body or the address cannot be read | send JSON in UTF-8 |
| 401 | `not_authenticated` | no token | send one |
| 401 | `authentication_failed` | the token is unknown, revoked or expired | make a new one |
| 403 | `permission_denied` | the token lacks a scope | give it the one that is named |
| 404 | `not_found` | not there, or not for this token | - |
| 405 | `method_not_allowed` | the address does not take this method | use one that is named |
| 406 | `not_acceptable` | `Accept` asks for what there is not | ask for JSON |
| 409 | `refused` | the rules say no to this now | read it again; the message says why |
| 409 | `change_refused` | the same, of a change request | read it again; the message says why |
| 415 | `unsupported_media_type` | a body of a type not taken | send JSON, or a file's form |
| 429 | `throttled` | more calls than the limit allows | wait for `Retry-After` seconds |
| 500 | `error` | something failed on our side; it is noted | try again in a minute |
| 503 | `unavailable` | the service is paused | wait for `Retry-After` seconds |
""".format(**_RATES)
# Every code that an answer can have: programs branch by it, so it is a closed set.
CODES: Final = (
    "authentication_failed",
    "change_refused",
    "error",
    "invalid",
    "method_not_allowed",
    "not_acceptable",
    "not_authenticated",
    "not_found",
    "parse_error",
    "permission_denied",
    "refused",
    "throttled",
    "unavailable",
    "unsupported_media_type",
)
REFUSALS: Final = {
    "400": "Something that was sent is wrong; `fields` names it.",
    "401": "No token, or one that is unknown, revoked or expired.",
    "403": "The token lacks the scope that the message names.",
    "404": "Not there, or not for this token; a cursor that is none of ours.",
    "409": "The rules say no to this now; the message says why.",
    "429": "Too many calls: wait as many seconds as the header Retry-After says.",
}
_TEXT: Final = {"type": "string"}
_ERROR: Final = {
    "type": "object",
    "description": "Why a call was refused.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "reference"],
            "properties": {
                "code": {**_TEXT, "enum": list(CODES)},
                "message": {**_TEXT, "description": "What is wrong and what to do."},
                "reference": {**_TEXT, "description": "To quote to support."},
                "fields": {
                    "type": "array",
                    "description": "With `invalid`: each thing that is wrong.",
                    "items": {
                        "type": "object",
                        "required": ["field", "message"],
                        "properties": {"field": _TEXT, "message": _TEXT},
                    },
                },
            },
        }
    },
}
_WRITING: Final = frozenset({"post", "put", "patch", "delete"})


def describe_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say how to ask, and of each call how it can be refused: reading can't conflict, and
    what makes something new at a list finds the list."""
    result["info"]["description"] = DESCRIPTION
    result["components"]["schemas"]["Error"] = _ERROR
    parts = result["components"].setdefault("responses", {})
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    wait = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    for status, text in REFUSALS.items():
        headers = {"headers": wait} if status == "429" else {}
        parts[f"Refused{status}"] = {"description": text, **headers, "content": body}
    for path, methods in result["paths"].items():
        for method, call in methods.items():
            writes = method in _WRITING
            one = "{" in path
            fits = {"400": writes or not one, "404": one or not writes, "409": writes}
            for status in REFUSALS:
                if fits.get(status, True):
                    answer = {"$ref": f"#/components/responses/Refused{status}"}
                    call["responses"].setdefault(status, answer)
    return result
