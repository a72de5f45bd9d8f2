"""The CRM's API."""

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from syncjobs.sandbox.checks import moment
from syncjobs.sandbox.crm.kinds import KINDS, shown
from syncjobs.sandbox.messages import Reply, Request
from syncjobs.sandbox.problems import FieldProblem, Refused, invalid, not_found, unauthorized
from syncjobs.sandbox.resources import Kind, Resources
from syncjobs.sandbox.store import Document, Selection, Store
from syncjobs.sandbox.system import System

LARGEST_PAGE = 200
_CATEGORIES = {
    "unauthorized": "INVALID_AUTHENTICATION",
    "not_found": "OBJECT_NOT_FOUND",
    "invalid": "VALIDATION_ERROR",
    "unknown_reference": "VALIDATION_ERROR",
    "duplicate": "CONFLICT",
    "throttled": "RATE_LIMITS",
}
_CONTROLS = ("updated_after", "cursor", "limit", "archived")
_PREFIXES = {"accounts": "acc", "contacts": "con", "opportunities": "opp"}


def _new_id(store: Store, kind: Kind) -> str:
    return f"{_PREFIXES[kind.name]}_{store.count_up(kind.name)}"


class Crm(System):
    """`/v2/{accounts|contacts|opportunities}` behind a bearer token."""

    name = "crm"

    def __init__(self, store: Store, token: str) -> None:
        super().__init__(store, token)
        self.resources = Resources(store, KINDS, _new_id)
        self.push_changes(shown)

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        return {**super().actions(), "win": self._win}

    def authorise(self, request: Request) -> None:
        """A bearer token that does not expire."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise unauthorized("Authentication credentials not found or not valid.")

    def route(self, request: Request) -> Reply:
        """See the module `messages` for what a request is."""
        if request.path == "/v2/me":
            return Reply(200, {"account": self.profile_name(), "scopes": ["crm.read", "crm.write"]})
        parts = request.path.strip("/").split("/")
        if parts[0] != "v2" or len(parts) not in (2, 3):
            raise not_found(f"The path {request.path}")
        kind = self.resources.kind(parts[1])
        if len(parts) == 2:
            match request.method:
                case "GET":
                    return self._list(kind, request)
                case "POST":
                    created = self.resources.create(kind, request.json(), origin="api")
                    return Reply(201, shown(created))
        else:
            document = self.resources.get(kind, parts[2])
            match request.method:
                case "GET":
                    return Reply(200, shown(document))
                case "PATCH":
                    changed = self.resources.update(kind, document, request.json(), origin="api")
                    return Reply(200, shown(changed))
                case "DELETE":
                    body = {**document.body, "archived": True}
                    self.resources.rewrite(kind, document, body, origin="api")
                    return Reply(204)
        raise Refused(405, "invalid", f"{request.method} is not allowed here.")

    def problem(self, refused: Refused) -> Reply:
        """One error shape for everything."""
        body: dict[str, Any] = {
            "status": "error",
            "category": _CATEGORIES.get(refused.code, "INTERNAL_ERROR"),
            "message": refused.message,
            "correlationId": secrets.token_hex(8),
        }
        if refused.fields:
            body["errors"] = [
                {"in": wrong.field, "code": wrong.code, "message": wrong.message}
                for wrong in refused.fields
            ]
        if refused.existing:
            body["existingId"] = refused.existing
        return Reply(refused.status, body, refused.headers)

    def _list(self, kind: Kind, request: Request) -> Reply:
        query = request.query
        limit = _limit(query.get("limit"))
        equal = {name: value for name, value in query.items() if name not in _CONTROLS}
        since, after = _since(query.get("updated_after")), _cursor(query.get("cursor"))
        archived = query.get("archived") == "true"
        found: list[Document] = []
        while True:
            wanted = Selection(kind.name, "" if after else since, after=after, equal=equal)
            chunk = self.resources.select(wanted, limit=limit + 1)
            found += [one for one in chunk if archived or not one.body.get("archived")]
            if len(found) > limit or len(chunk) <= limit:
                break
            after = (chunk[-1].updated, chunk[-1].seq)
        body: dict[str, Any] = {"results": [shown(one) for one in found[:limit]]}
        if len(found) > limit:
            last = found[limit - 1]
            mark = base64.urlsafe_b64encode(f"{last.updated}|{last.seq}".encode()).decode()
            body["paging"] = {"next": {"after": mark}}
        return Reply(200, body)

    def _win(self, asked: dict[str, Any]) -> dict[str, str]:
        kind = self.resources.kind("opportunities")
        number = str(asked["number"])
        document = self.store.find(kind.name, "number", number)
        if document is None:
            raise not_found(f"The opportunity {number}")
        won = self.resources.update(kind, document, {"stage": "won"}, origin="control")
        return {"id": won.id}


def _limit(value: str | None) -> int:
    if value is None:
        return 100
    if not value.isdigit() or not 1 <= int(value) <= LARGEST_PAGE:
        raise invalid(FieldProblem("limit", f"must be between 1 and {LARGEST_PAGE}"))
    return int(value)


def _since(value: str | None) -> str:
    try:
        return str(moment(value)) if value else ""
    except ValueError as error:
        raise invalid(FieldProblem("updated_after", str(error))) from error


def _cursor(value: str | None) -> tuple[str, int] | None:
    if not value:
        return None
    try:
        updated, seq = base64.urlsafe_b64decode(value.encode()).decode().split("|")
        return updated, int(seq)
    except (ValueError, binascii.Error) as error:
        raise invalid(FieldProblem("cursor", "is not a cursor of this list")) from error
