"""What all systems share: faults, the doors for tests and stories, transactions."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from syncjobs.sandbox.faults import Fault, Faults
from syncjobs.sandbox.messages import NotJson, Reply, Request
from syncjobs.sandbox.problems import Refused
from syncjobs.sandbox.pushing import Pusher
from syncjobs.sandbox.resources import Kind, Resources
from syncjobs.sandbox.store import Document, Store

GARBAGE = b"<html><head><title>Under maintenance</title></head><body>Back soon</body></html>"


@dataclass(frozen=True)
class Outcome:
    """What the server does with a connection: a reply, or none at all."""

    reply: Reply | None


class System(ABC):
    """One vendor's system over one store."""

    name: str
    resources: Resources

    def __init__(self, store: Store, token: str) -> None:
        self.store = store
        self.token = token
        self.faults = Faults()
        self.pusher = Pusher(store)

    @abstractmethod
    def authorise(self, request: Request) -> None:
        """Raise `Refused` when the credentials are missing or wrong."""

    @abstractmethod
    def route(self, request: Request) -> Reply:
        """Answer a request of the vendor's API; runs inside a transaction."""

    @abstractmethod
    def problem(self, refused: Refused) -> Reply:
        """An error in the vendor's words."""

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """What the system's own people can do, by name; extended by each system."""
        return {
            "import": self._import,
            "touch": self._touch,
            "profile": self._profile,
            "subscribe": self._subscribe,
            "erase": self._erase,
        }

    def push_changes(self, shown: Callable[[Document], dict[str, Any]]) -> None:
        """Send each change as a webhook to whoever subscribed, as `shown` shows the record."""

        def push(kind: Kind, effect: str, document: Document) -> None:
            if self.store.fact("hook"):
                message = {"type": f"{kind.name}.{effect}", "data": shown(document)}
                self.store.push(message)

        self.resources.on_change = push

    def respond(self, request: Request) -> Outcome:
        """Answer any request, with the fault that hits it."""
        if request.path.startswith("/_"):
            return Outcome(self._answer(request, self._side_door))
        fault = self.faults.take(request)
        if fault is None:
            return Outcome(self._answer(request, self._vendor_door))
        return self._with_fault(fault, request)

    def _with_fault(self, fault: Fault, request: Request) -> Outcome:
        match fault.kind:
            case "drop_before":
                return Outcome(None)
            case "status":
                return Outcome(self.problem(_asked_for(fault)))
        reply = self._answer(request, self._vendor_door)
        match fault.kind:
            case "slow":
                time.sleep(float(fault.seconds))
            case "garbage":
                reply = Reply(200, GARBAGE, {"Content-Type": "text/html"})
            case "drop_after_commit":
                return Outcome(None)
        return Outcome(reply)

    def _answer(self, request: Request, door: Callable[[Request], Reply]) -> Reply:
        try:
            with self.store.transaction():
                return door(request)
        except Refused as refused:
            return self.problem(refused)
        except NotJson as error:
            return self.problem(Refused(400, "invalid", str(error)))

    def _vendor_door(self, request: Request) -> Reply:
        self.authorise(request)
        return self.route(request)

    def _side_door(self, request: Request) -> Reply:
        if request.path == "/_health":
            return Reply(200, {"system": self.name, "ok": True})
        if request.headers.get("x-sandbox-key") != self.token:
            raise Refused(401, "unauthorized", "The header X-Sandbox-Key is missing or wrong.")
        match request.method, request.path:
            case "GET", "/_ledger":
                return Reply(200, self.ledger(int(request.query.get("since") or 0)))
            case "GET", "/_faults":
                return Reply(200, {"faults": self.faults.listed()})
            case "DELETE", "/_faults":
                self.faults.clear()
                return Reply(204)
            case "POST", "/_faults":
                return self._add_fault(request.json())
            case "POST", "/_control":
                return self._control(request.json())
        raise Refused(404, "not_found", "There is no such side door.")

    def ledger(self, since: int) -> dict[str, Any]:
        """Every effect after `since`."""
        return {"entries": self.store.ledger(since)}

    def _add_fault(self, asked: dict[str, Any]) -> Reply:
        try:
            self.faults.add(asked)
        except (ValueError, TypeError) as error:
            raise Refused(400, "invalid", str(error)) from error
        return Reply(201, {"faults": self.faults.listed()})

    def _control(self, asked: dict[str, Any]) -> Reply:
        action = self.actions().get(str(asked.pop("action", "")))
        if action is None:
            known = ", ".join(sorted(self.actions()))
            raise Refused(400, "invalid", f"action must be one of {known}.")
        try:
            return Reply(200, action(asked) or {})
        except KeyError as error:
            raise Refused(400, "invalid", f"The action needs {error.args[0]!r}.") from error
        except (ValueError, TypeError) as error:
            raise Refused(400, "invalid", f"The action cannot use that: {error}.") from error

    def _import(self, asked: dict[str, Any]) -> dict[str, int]:
        kind = self.resources.kind(str(asked["kind"]))
        created, existing = self.resources.bulk_create(kind, asked["records"])
        return {"created": created, "existing": existing}

    def _touch(self, asked: dict[str, Any]) -> dict[str, int]:
        kind = self.resources.kind(str(asked["kind"]))
        documents = [self.resources.get(kind, str(key)) for key in asked["ids"]]
        for document in documents:
            self.resources.rewrite(kind, document, document.body, origin="control")
        return {"touched": len(documents)}

    def _erase(self, asked: dict[str, Any]) -> None:
        """Delete records without a trace in the changes, as some systems do."""
        kind = self.resources.kind(str(asked["kind"]))
        for key in asked["ids"]:
            self.resources.get(kind, str(key))
            self.store.remove(kind.name, str(key))

    def _subscribe(self, asked: dict[str, Any]) -> None:
        hook = {"address": str(asked["address"]), "secret": str(asked["secret"])}
        self.store.set_fact("hook", {**hook, "host": str(asked.get("host", ""))})

    def _profile(self, asked: dict[str, Any]) -> None:
        self.store.set_fact("profile", {"name": asked["name"]})

    def profile_name(self) -> str:
        """The organisation that uses the system."""
        return str((self.store.fact("profile") or {}).get("name", "Sandbox organisation"))


def _asked_for(fault: Fault) -> Refused:
    code = {401: "unauthorized", 404: "not_found", 429: "throttled"}.get(fault.status, "failing")
    headers = {} if fault.retry_after is None else {"Retry-After": f"{float(fault.retry_after):g}"}
    return Refused(fault.status, code, "The service cannot answer right now.", headers=headers)
