"""The PSA's API."""

from collections.abc import Callable, Mapping
from typing import Any

from syncjobs.sandbox.checks import moment
from syncjobs.sandbox.messages import Reply, Request
from syncjobs.sandbox.problems import FieldProblem, Refused, invalid, not_found, unauthorized
from syncjobs.sandbox.psa.kinds import KINDS, shown
from syncjobs.sandbox.resources import Kind, Resources
from syncjobs.sandbox.store import Document, Selection, Store
from syncjobs.sandbox.system import System

LARGEST_PAGE = 500
_CODES = {
    "unauthorized": "UNAUTHORIZED",
    "not_found": "NOT_FOUND",
    "invalid": "VALIDATION",
    "unknown_reference": "VALIDATION",
    "duplicate": "DUPLICATE",
    "state": "STATE",
    "throttled": "THROTTLED",
}
_CONTROLS = ("modifiedSince", "page", "pageSize")
# Time that was not approved yet keeps a project open.
_OPEN_TIME = ("Draft", "Submitted")


def _new_id(store: Store, kind: Kind) -> str:
    return str(1000 + store.count_up(kind.name))


class Psa(System):
    """`/api/{projects|resources|assignments|tasks|timeEntries|…}` behind an API key."""

    name = "psa"

    def __init__(self, store: Store, token: str) -> None:
        super().__init__(store, token)
        self.resources = Resources(store, KINDS, _new_id)
        self.push_changes(shown)

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        return {**super().actions(), "approve": self._approve, "complete": self._complete}

    def authorise(self, request: Request) -> None:
        """An API key in a header."""
        if request.headers.get("x-api-key") != self.token:
            raise unauthorized("The API key is missing or not valid.")

    def route(self, request: Request) -> Reply:
        """See the module `messages` for what a request is."""
        if request.path == "/api/about":
            return Reply(200, {"Product": "Pinion PSA", "Organisation": self.profile_name()})
        parts = request.path.strip("/").split("/")
        if parts[0] != "api" or len(parts) not in (2, 3):
            raise not_found(f"The path {request.path}")
        kind = self.resources.kind(parts[1])
        if len(parts) == 2:
            match request.method:
                case "GET":
                    return self._list(kind, request.query)
                case "POST":
                    created = self.resources.create(kind, request.json(), origin="api")
                    return Reply(201, shown(created))
        else:
            document = self.resources.get(kind, parts[2])
            match request.method:
                case "GET":
                    return Reply(200, shown(document))
                case "PUT":
                    return Reply(200, shown(self._change(kind, document, request.json())))
                case "DELETE":
                    body = {**document.body, "IsDeleted": True}
                    self.resources.rewrite(kind, document, body, origin="api")
                    return Reply(204)
        raise Refused(405, "invalid", f"{request.method} is not allowed here.")

    def problem(self, refused: Refused) -> Reply:
        """One error shape for everything."""
        body: dict[str, Any] = {
            "Code": _CODES.get(refused.code, "UNAVAILABLE"),
            "Message": refused.message,
        }
        if refused.fields:
            body["Errors"] = [
                {"Field": wrong.field, "Message": wrong.message} for wrong in refused.fields
            ]
        if refused.existing:
            body["ExistingId"] = int(refused.existing)
        return Reply(refused.status, body, refused.headers)

    def _list(self, kind: Kind, query: Mapping[str, str]) -> Reply:
        page = _number(query, "page", 1, 1_000_000)
        size = _number(query, "pageSize", 100, LARGEST_PAGE)
        equal = {name: value for name, value in query.items() if name not in _CONTROLS}
        try:
            since = str(moment(query["modifiedSince"])) if query.get("modifiedSince") else ""
        except ValueError as error:
            raise invalid(FieldProblem("modifiedSince", str(error))) from error
        wanted = Selection(kind.name, since, equal=equal)
        found = self.resources.select(wanted, limit=size, offset=(page - 1) * size)
        total = self.store.count(wanted)
        return Reply(
            200,
            {
                "items": [shown(one) for one in found],
                "page": page,
                "pageSize": size,
                "totalPages": -(-total // size),
                "totalCount": total,
            },
        )

    def _change(self, kind: Kind, document: Document, data: dict[str, Any]) -> Document:
        if kind.name == "projects" and data.get("Status") == "Closed":
            self._require_no_open_time(document)
        return self.resources.update(kind, document, data, origin="api")

    def _require_no_open_time(self, project: Document) -> None:
        for state in _OPEN_TIME:
            wanted = {"ProjectCode": project.body["Code"], "State": state}
            if self.store.count(Selection("timeEntries", equal=wanted)):
                message = f"Project {project.body['Code']} has time that is not approved."
                raise Refused(422, "state", message, (FieldProblem("Status", "cannot be Closed"),))

    def _approve(self, asked: dict[str, Any]) -> dict[str, int]:
        changes = {"State": "Approved", "ApprovedAt": asked["approvedAt"]}
        return self._change_each("timeEntries", asked["numbers"], changes)

    def _complete(self, asked: dict[str, Any]) -> dict[str, int]:
        changes = {"Status": "Completed", "CompletedAt": asked["completedAt"]}
        return self._change_each("milestones", [asked["number"]], changes)

    def _change_each(
        self, name: str, numbers: list[str], changes: Mapping[str, Any]
    ) -> dict[str, int]:
        kind = self.resources.kind(name)
        for number in numbers:
            document = self.store.find(name, "Number", str(number))
            if document is None:
                raise not_found(f"{name} {number}")
            self.resources.update(kind, document, changes, origin="control")
        return {"changed": len(numbers)}


def _number(query: Mapping[str, str], name: str, default: int, largest: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not value.isdigit() or not 1 <= int(value) <= largest:
        raise invalid(FieldProblem(name, f"must be between 1 and {largest}"))
    return int(value)
