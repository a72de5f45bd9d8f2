"""Tryton through its REST interface."""

from collections.abc import Mapping

from syncjobs.connectors.base import Budget, Write
from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.descriptor import ObjectSpec, Operation
from syncjobs.connectors.errors import Config
from syncjobs.connectors.http import HttpClient
from syncjobs.connectors.tryton import bodies, parties
from syncjobs.connectors.tryton.descriptor import SYSTEM
from syncjobs.connectors.tryton.dialect import TrytonDialect
from syncjobs.connectors.tryton.references import References
from syncjobs.connectors.tryton.wire import query_value

# English messages, because some of them are told apart by their words.
_LANGUAGE = "en"


class Tryton(RestConnector):
    """Bodies are built from flat fields; see `bodies` for what each object takes."""

    system = SYSTEM

    def __init__(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
        http: HttpClient | None = None,
    ) -> None:
        super().__init__(config, secret, budget=budget, http=http)
        self._references = References(self.caller, TrytonDialect())

    def own_headers(self, config: Mapping[str, object]) -> Mapping[str, str]:
        context = query_value({"company": _company(config)})
        return {"X-Tryton-Context": context, "Accept-Language": _LANGUAGE}

    def body_for(self, spec: ObjectSpec, operation: Operation, write: Write) -> object:
        if write.mode == "action":
            return {}
        data = super().body_for(spec, operation, write)
        assert isinstance(data, dict)
        body = bodies.plain_body(spec.name, data, self._references)
        company = _company(self.caller.config)
        if spec.name == "parties":
            body |= parties.parts(data, self._references, write.external_id)
        if write.mode != "create":
            return body
        match spec.name:
            case "projects":
                return bodies.new_work(body, "project", company)
            case "tasks":
                return bodies.new_work(body, "task", company)
            case "invoices":
                return bodies.new_invoice(body, self._references, company)
            case "invoiceLines":
                return bodies.new_line(body, self._references, company)
            case "opportunities":
                return {"company": company, **body}
        return body


def _company(config: Mapping[str, object]) -> int:
    text = str(config.get("company") or "1")
    if not text.isdecimal():
        raise Config(f"The company number {text!r} is not a number.")
    return int(text)
