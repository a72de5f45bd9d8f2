"""The ERP's API."""

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from syncjobs.sandbox.erp import kinds, query, rules
from syncjobs.sandbox.erp.books import Books, balances
from syncjobs.sandbox.erp.tokens import Tokens
from syncjobs.sandbox.messages import Reply, Request
from syncjobs.sandbox.problems import Refused, not_found
from syncjobs.sandbox.resources import Kind, Resources
from syncjobs.sandbox.store import Document, Selection, Store
from syncjobs.sandbox.system import System

LARGEST_BATCH = 200
_PREFIXES = {
    "customers": "cus",
    "contacts": "ctc",
    "contracts": "con",
    "taxCodes": "tax",
    "serviceItems": "itm",
    "invoices": "inv",
    "invoiceLines": "lin",
    "jobAssignments": "job",
}
_CODES = {
    "unauthorized": "InvalidAuthenticationToken",
    "not_found": "NotFound",
    "invalid": "BadRequest",
    "unknown_reference": "UnknownReference",
    "throttled": "TooManyRequests",
    "failing": "ServiceUnavailable",
}


def _new_id(store: Store, kind: Kind) -> str:
    return f"{_PREFIXES[kind.name]}-{store.count_up(kind.name):06d}"


class Erp(System):
    """`/erp/v1/…` behind OAuth2 client credentials."""

    name = "erp"

    def __init__(self, store: Store, token: str, token_ttl: float) -> None:
        super().__init__(store, token)
        self.resources = Resources(store, kinds.KINDS, _new_id)
        self.tokens = Tokens(store, token, token_ttl)
        self.books = Books(store, self.resources)

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        expire = {"expire_tokens": lambda _asked: self.tokens.expire_all()}
        return {**super().actions(), **self.books.actions(), **expire}

    def authorise(self, request: Request) -> None:
        """Everything but the token endpoint needs a live token."""
        if request.path != "/oauth/token":
            self.tokens.require(request)

    def ledger(self, since: int) -> dict[str, Any]:
        """Effects, with the books' balances over all of them."""
        every = self.store.ledger()
        totals = balances(every)
        return {
            "entries": [entry for entry in every if entry["seq"] > since],
            "balances": totals,
            "balanced": sum(map(Decimal, totals.values()), Decimal(0)) == 0,
        }

    def route(self, request: Request) -> Reply:
        """See the module `messages` for what a request is."""
        if request.path == "/oauth/token" and request.method == "POST":
            return self.tokens.issue(request)
        if request.path == "/erp/v1/company":
            return Reply(200, {"name": self.profile_name()})
        parts = request.path.strip("/").split("/")
        if parts[:2] != ["erp", "v1"] or len(parts) not in (3, 4, 5):
            raise not_found(f"The path {request.path}")
        if len(parts) == 5:
            return self._lines(request, parts)
        kind = self.resources.kind(parts[2])
        if parts[2:] == ["invoiceLines", "batch"] and request.method == "POST":
            return self._batch(request, kind)
        if request.method == "GET":
            if len(parts) == 3:
                return self._list(request, query.selection(kind.name, request))
            document = self.resources.get(kind, parts[3])
            return Reply(200, kinds.shown(document), {"ETag": kinds.etag(document)})
        if kind.name in kinds.READ_ONLY:
            raise Refused(405, "invalid", f"{kind.name} can only be read.")
        return self._write(request, kind, parts[3] if len(parts) == 4 else "")

    def problem(self, refused: Refused) -> Reply:
        """One error shape for everything."""
        error: dict[str, Any] = {"code": _code(refused), "message": refused.message}
        if refused.fields:
            error["target"] = refused.fields[0].field
        if refused.status != rules.UNPROCESSABLE and refused.fields:
            error["details"] = [
                {"code": _pascal(wrong.code), "target": wrong.field, "message": wrong.message}
                for wrong in refused.fields
            ]
        if refused.existing:
            error["existingId"] = refused.existing
        return Reply(refused.status, {"error": error}, refused.headers)

    def _list(self, request: Request, wanted: Selection) -> Reply:
        size = query.page_size(request)
        found = self.resources.select(wanted, limit=size + 1)
        body: dict[str, Any] = {"value": [kinds.shown(one) for one in found[:size]]}
        if len(found) > size:
            body["@nextLink"] = query.next_link(request, found[size - 1])
        return Reply(200, body)

    def _lines(self, request: Request, parts: list[str]) -> Reply:
        """`/erp/v1/invoices/{id}/lines`."""
        if parts[2] != "invoices" or parts[4] != "lines":
            raise not_found(f"The path {request.path}")
        invoice = self.resources.get(kinds.INVOICES, parts[3])
        if request.method == "GET":
            return self._list(request, Selection("invoiceLines", equal={"invoiceId": invoice.id}))
        if request.method != "POST":
            raise Refused(405, "invalid", f"{request.method} is not allowed here.")
        return self._once(
            request,
            lambda data, key: self._create(
                kinds.INVOICE_LINES, {**data, "invoiceId": invoice.id}, key
            ),
        )

    def _write(self, request: Request, kind: Kind, identity: str) -> Reply:
        match request.method, bool(identity):
            case "POST", False:
                return self._once(request, lambda data, key: self._create(kind, data, key))
            case "PATCH", True:
                document = self.resources.get(kind, identity)
                return self._once(
                    request, lambda data, key: self._patch(request, kind, document, data, key)
                )
            case "DELETE", True if kind is kinds.INVOICE_LINES:
                return self._delete_line(self.resources.get(kind, identity))
        raise Refused(405, "invalid", f"{request.method} is not allowed here.")

    def _once(self, request: Request, work: Callable[[dict[str, Any], str], Reply]) -> Reply:
        """Do the work, or give the first answer again to the same idempotency key."""
        key = request.headers.get("idempotency-key", "")
        place = f"{request.method} {request.path}"
        return self._keyed(place, request.json(), key, work)

    def _batch(self, request: Request, kind: Kind) -> Reply:
        """Create up to 200 records; each stands or falls alone, under its own key."""
        rows = request.json().get("records")
        if not isinstance(rows, list) or not 1 <= len(rows) <= LARGEST_BATCH:
            raise Refused(400, "invalid", f"records must list 1 to {LARGEST_BATCH} records.")
        results = []
        for row in rows:
            try:
                with self.store.savepoint():
                    reply = self._keyed(
                        f"POST /erp/v1/{kind.name}",
                        row["data"],
                        str(row.get("key") or ""),
                        lambda data, key: self._create(kind, data, key),
                    )
            except Refused as refused:
                reply = self.problem(refused)
            results.append({"status": reply.status, "body": reply.body})
        return Reply(200, {"results": results})

    def _keyed(
        self,
        place: str,
        data: dict[str, Any],
        key: str,
        work: Callable[[dict[str, Any], str], Reply],
    ) -> Reply:
        if not key:
            return work(data, "")
        content = json.dumps(data, sort_keys=True, default=str).encode()
        asked = f"{place} {hashlib.sha256(content).hexdigest()}"
        known = self.store.fact(f"idempotency:{key}")
        if known is None:
            reply = work(data, key)
            kept = {"asked": asked, "status": reply.status, "body": reply.body}
            self.store.set_fact(f"idempotency:{key}", kept)
            return reply
        if known["asked"] != asked:
            message = "The idempotency key was used with another request."
            raise Refused(422, "idempotency_key_reused", message)
        return Reply(known["status"], known["body"], {"Idempotent-Replay": "true"})

    def _create(self, kind: Kind, data: dict[str, Any], key: str) -> Reply:
        created = self.resources.create(kind, data, origin="api", key=key)
        if kind is kinds.INVOICE_LINES:
            self._retotal(created, Decimal(0), 1, key)
        return Reply(201, kinds.shown(created), {"ETag": kinds.etag(created)})

    def _patch(
        self, request: Request, kind: Kind, document: Document, data: dict[str, Any], key: str
    ) -> Reply:
        expected = request.headers.get("if-match")
        if expected not in (None, "*", kinds.etag(document)):
            message = f"The record has changed; its ETag is {kinds.etag(document)}."
            raise Refused(412, "precondition_failed", message)
        changed = self.resources.update(kind, document, data, origin="api", key=key)
        if kind is kinds.INVOICE_LINES:
            self._retotal(changed, Decimal(document.body["lineAmount"]), 0, key)
        return Reply(200, kinds.shown(changed), {"ETag": kinds.etag(changed)})

    def _delete_line(self, line: Document) -> Reply:
        invoice = rules.parent_invoice(self.store, line.body)
        if invoice.body["status"] != "draft":
            number = invoice.body["number"]
            raise rules.business("invoice_not_draft", "invoiceId", f"Invoice {number} is posted.")
        self.resources.note(kinds.INVOICE_LINES, "deleted", line, origin="api")
        self.store.remove("invoiceLines", line.id)
        self.books.add_to_totals(invoice, -Decimal(line.body["lineAmount"]), -1, origin="api")
        return Reply(204)

    def _retotal(self, line: Document, before: Decimal, lines: int, key: str) -> None:
        invoice = rules.parent_invoice(self.store, line.body)
        difference = Decimal(line.body["lineAmount"]) - before
        self.books.add_to_totals(invoice, difference, lines, origin="api", key=key)


def _code(refused: Refused) -> str:
    if refused.code == "duplicate":
        external = refused.fields[0].field == "externalReference"
        return "DuplicateExternalReference" if external else "DuplicateNumber"
    return _CODES.get(refused.code) or _pascal(refused.code)


def _pascal(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))
