"""A plain REST system: bearer token, camelCase, lists that go on after a cursor."""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from typing import ClassVar

from syncjobs.sandbox.checks import moment
from syncjobs.sandbox.messages import Reply, Request
from syncjobs.sandbox.problems import FieldProblem, Refused, invalid, not_found, unauthorized
from syncjobs.sandbox.resources import Body, Kind, Resources
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


class RestSystem(System):
    """`<root>/<kind>` and `<root>/<kind>/<id>` behind a bearer token that does not expire.

    A subclass says its kinds, the beginning of each kind's ids, and what can only be read.
    """

    root: ClassVar[str]
    kinds: ClassVar[Sequence[Kind]]
    prefixes: ClassVar[Mapping[str, str]]
    read_only: ClassVar[Sequence[str]] = ()

    def __init__(self, store: Store, token: str) -> None:
        super().__init__(store, token)
        self.resources = Resources(store, self.kinds, self._new_id)
        self.push_changes(shown)

    def _new_id(self, store: Store, kind: Kind) -> str:
        return f"{self.prefixes[kind.name]}_{store.count_up(kind.name)}"

    def authorise(self, request: Request) -> None:
        """A bearer token that does not expire."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise unauthorized("Authentication credentials not found or not valid.")

    def route(self, request: Request) -> Reply:
        """See the module `messages` for what a request is."""
        if request.path == f"{self.root}/me":
            scopes = [f"{self.name}.read", f"{self.name}.write"]
            return Reply(200, {"account": self.profile_name(), "scopes": scopes})
        if not request.path.startswith(f"{self.root}/"):
            raise not_found(f"The path {request.path}")
        parts = request.path.removeprefix(f"{self.root}/").strip("/").split("/")
        if len(parts) not in (1, 2):
            raise not_found(f"The path {request.path}")
        kind = self.resources.kind(parts[0])
        if request.method != "GET" and kind.name in self.read_only:
            raise Refused(405, "invalid", f"{kind.name} can only be read.")
        if len(parts) == 1:
            match request.method:
                case "GET":
                    return self._list(kind, request)
                case "POST":
                    created = self.resources.create(kind, request.json(), origin="api")
                    return Reply(201, shown(created))
            raise _not_allowed(request)
        return self._one(kind, self.resources.get(kind, parts[1]), request)

    def _one(self, kind: Kind, document: Document, request: Request) -> Reply:
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
        raise _not_allowed(request)

    def problem(self, refused: Refused) -> Reply:
        """One error shape for everything."""
        body: Body = {
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
        body: Body = {"results": [shown(one) for one in found[:limit]]}
        if len(found) > limit:
            last = found[limit - 1]
            mark = base64.urlsafe_b64encode(f"{last.updated}|{last.seq}".encode()).decode()
            body["paging"] = {"next": {"after": mark}}
        return Reply(200, body)

    def change_by(self, kind_name: str, field: str, value: str, changes: Body) -> Document:
        """Let the system's own people change the one record whose indexed field says so."""
        kind = self.resources.kind(kind_name)
        document = self.store.find(kind.name, field, value)
        if document is None:
            raise not_found(f"{kind_name} {value}")
        return self.resources.update(kind, document, changes, origin="control")


def shown(document: Document) -> Body:
    """An object as the API shows it."""
    body = {"archived": False, "createdAt": document.updated, **document.body}
    return {"id": document.id, **body, "updatedAt": document.updated}


def _not_allowed(request: Request) -> Refused:
    return Refused(405, "invalid", f"{request.method} is not allowed here.")


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
