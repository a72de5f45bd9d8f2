"""Tryton's two HTTP doors, with its spelling of decimals, dates and durations in JSON.

JSON-RPC (`/<db>/rpc/`) with a login session is what set-up wizards need; REST
(`/<db>/rest/model/<name>`) with an application key is what integrations use.
"""

import base64
import datetime as dt
import http.client
import json
import urllib.parse
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any

TIMEOUT = 120


class TrytonError(RuntimeError):
    """The server refused or failed; the message holds its answer."""


def encode(value: Any) -> Any:
    """Turn Python values into what Tryton's JSON decoder accepts."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, dt.datetime):
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        moment = value.astimezone(dt.UTC)  # Tryton keeps UTC and sends no zone
        return {"__class__": "datetime", **{part: getattr(moment, part) for part in parts}}
    if isinstance(value, dt.date):
        return {
            "__class__": "date",
            "year": value.year,
            "month": value.month,
            "day": value.day,
        }
    if isinstance(value, dt.timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value


def decode(value: Any) -> Any:
    """Undo `encode` on an answer."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return dt.date(value["year"], value["month"], value["day"])
        case "datetime":
            day = dt.date(value["year"], value["month"], value["day"])
            time = dt.time(value["hour"], value["minute"], value["second"], value["microsecond"])
            return dt.datetime.combine(day, time, dt.UTC)
        case "timedelta":
            return dt.timedelta(seconds=value["seconds"])
    return {key: decode(item) for key, item in value.items()}


def context_header(context: Mapping[str, Any]) -> str:
    """The value of `X-Tryton-Context`: base64url of JSON."""
    return base64.urlsafe_b64encode(json.dumps(encode(context)).encode()).decode()


def send(method: str, url: str, headers: Mapping[str, str], body: Any = None) -> Any:
    """One request on a connection of its own (the server closes them); the decoded answer."""
    parts = urllib.parse.urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    data = None if body is None else json.dumps(encode(body)).encode()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        json_type = {} if data is None else {"Content-Type": "application/json"}
        connection.request(method, path, body=data, headers={**headers, **json_type})
        answer = connection.getresponse()
        raw = answer.read()
    finally:
        connection.close()
    if answer.status >= http.client.BAD_REQUEST:
        text = raw.decode(errors="replace")[:600]
        raise TrytonError(f"{method} {url}: {answer.status} {text}")
    return decode(json.loads(raw)) if raw else None


class Rpc:
    """A login session; `context` is sent with each call. Logs out when it is closed."""

    def __init__(self, base: str, database: str, user: str, password: str) -> None:
        self._url = f"{base}/{database}/rpc/"
        self._headers: dict[str, str] = {}
        self.context: dict[str, Any] = {}
        answer = self._post("common.db.login", [user, {"password": password}, "en"])
        self.user_id = int(answer[0])
        session = base64.b64encode(f"{user}:{answer[0]}:{answer[1]}".encode()).decode()
        self._headers["Authorization"] = f"Session {session}"

    def __enter__(self) -> "Rpc":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._post("common.db.logout", [])

    def _post(self, method: str, params: Sequence[Any]) -> Any:
        body = {"id": 1, "method": method, "params": list(params)}
        answer = send("POST", self._url, self._headers, body)
        if answer.get("error"):
            raise TrytonError(f"{method}: {answer['error']}")
        return answer["result"]

    def call(self, method: str, *params: Any) -> Any:
        """Call `model.<name>.<method>` with the session's context."""
        return self._post(method, [*params, self.context])

    def first(self, model: str, domain: Sequence[Any], order: Sequence[Any] | None = None) -> Any:
        """The id of the first record in the domain, or None."""
        found = self.call(f"model.{model}.search", list(domain), 0, 1, order)
        return found[0] if found else None

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        """Create one record and return its id."""
        return int(self.call(f"model.{model}.create", [dict(values)])[0])

    def write(self, model: str, record: int, values: Mapping[str, Any]) -> None:
        """Change one record."""
        self.call(f"model.{model}.write", [record], dict(values))

    def wizard(
        self,
        name: str,
        steps: Sequence[tuple[str, Mapping[str, Any]]],
        active: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a wizard's states in turn; each step is (state, {view: values})."""
        session = self._post(f"wizard.{name}.create", [self.context])[0]
        context = {**self.context, **(active or {})}
        data: dict[str, Any] = {}
        for state, values in steps:
            data.update(values)
            self._post(f"wizard.{name}.execute", [session, data, state, context])
        self._post(f"wizard.{name}.delete", [session, self.context])


class Rest:
    """The REST door with an application key, in one company."""

    def __init__(self, base: str, database: str, key: str, company: int) -> None:
        self._root = f"{base}/{database}/rest/model"
        self._headers = {
            "Authorization": f"Bearer {key}",
            "X-Tryton-Context": context_header({"company": company}),
        }

    def post(self, path: str, values: Mapping[str, Any] | None = None) -> Any:
        """Create a record (`party.party`) or press a button (`account.invoice/3/post`)."""
        return send("POST", f"{self._root}/{path}", self._headers, dict(values or {}))

    def put(self, path: str, values: Mapping[str, Any]) -> Any:
        """Change a record."""
        return send("PUT", f"{self._root}/{path}", self._headers, dict(values))

    def find(
        self,
        model: str,
        domain: Sequence[Any] = (),
        fields: Sequence[str] = ("id",),
        order: Sequence[Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Every record in the domain, with just the fields asked for."""
        query = [("d", context_header_list(domain)), *(("f", field) for field in fields)]
        if order:
            query.append(("o", context_header_list(order)))
        url = f"{self._root}/{model}?{urllib.parse.urlencode(query)}"
        found: list[dict[str, Any]] = send("GET", url, self._headers)
        return found


def context_header_list(value: Sequence[Any]) -> str:
    """A domain or an order as REST wants it in the query: base64url of JSON."""
    return base64.urlsafe_b64encode(json.dumps(encode(list(value))).encode()).decode()
