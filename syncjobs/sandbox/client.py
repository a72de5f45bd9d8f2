"""A small client for a sandbox system: its side doors, and its API with the right credentials."""

import http.client
import json
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncjobs.sandbox.erp.tokens import CLIENT_ID

IMPORT_CHUNK = 500


class SandboxError(RuntimeError):
    """The system refused; `status` and `body` hold its answer."""

    def __init__(self, status: int, body: Any, what: str) -> None:
        super().__init__(f"{what}: {status} {json.dumps(body, ensure_ascii=False)[:400]}")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Answer:
    """A status, the decoded body (None without one) and lower-case headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


class SandboxClient:
    """Talks to one system; used by the story, the demo and tests. Not for several threads."""

    def __init__(self, kind: str, address: str, token: str) -> None:
        self.kind = kind
        self.address = address
        self._token = token
        self._access = ""
        host = urllib.parse.urlsplit(address)
        self._connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=30)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request as it is, whatever the answer; a `str` body goes as a form."""
        data, content = _encoded(body)
        try:
            self._connection.request(method, path, data, {**content, **(headers or {})})
            answer = self._connection.getresponse()
            raw = answer.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()  # the next request opens another one
            raise
        found = {name.lower(): value for name, value in answer.getheaders()}
        is_json = "json" in found.get("content-type", "")
        return Answer(answer.status, json.loads(raw) if raw and is_json else raw or None, found)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One request to the vendor's API with credentials; the body, or `SandboxError`."""
        answer = self.send(method, path, body, {**self._credentials(), **(headers or {})})
        if answer.status == 401 and self.kind == "erp" and self._access:
            self._access = ""
            answer = self.send(method, path, body, {**self._credentials(), **(headers or {})})
        if answer.status >= 400:
            raise SandboxError(answer.status, answer.body, f"{method} {path}")
        return answer.body

    def pages(self, kind: str, **query: str) -> Iterator[dict[str, Any]]:
        """Every object of a kind, page by page, as each vendor pages."""
        match self.kind:
            case "psa":
                yield from self._psa_pages(kind, query)
            case "erp":
                yield from self._erp_pages(kind, query)
            case _:
                yield from self._plain_pages(kind, query)

    def control(self, action: str, **fields: Any) -> Any:
        """Let somebody of the system's own organisation do something."""
        return self._side("POST", "/_control", {"action": action, **fields})

    def bulk(self, kind: str, records: Sequence[Mapping[str, Any]]) -> int:
        """Import records; those whose natural key exists are left alone. Returns the new ones."""
        created = 0
        for start in range(0, len(records), IMPORT_CHUNK):
            chunk = list(records[start : start + IMPORT_CHUNK])
            created += int(self.control("import", kind=kind, records=chunk)["created"])
        return created

    def fault(self, kind: str, **fields: Any) -> None:
        """Make the next matching requests go wrong."""
        self._side("POST", "/_faults", {"kind": kind, **fields})

    def clear_faults(self) -> None:
        """Let everything go right again."""
        self._side("DELETE", "/_faults")

    def ledger(self, since: int = 0) -> dict[str, Any]:
        """Every effect after number `since`."""
        found: dict[str, Any] = self._side("GET", f"/_ledger?since={since}")
        return found

    def _side(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self.send(method, path, body, {"X-Sandbox-Key": self._token})
        if answer.status >= 400:
            raise SandboxError(answer.status, answer.body, f"{method} {path} {body}"[:200])
        return answer.body

    def _credentials(self) -> dict[str, str]:
        if self.kind == "psa":
            return {"X-Api-Key": self._token}
        if self.kind != "erp":
            return {"Authorization": f"Bearer {self._token}"}
        if not self._access:
            form = urllib.parse.urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": CLIENT_ID,
                    "client_secret": self._token,
                }
            )
            answer = self.send("POST", "/oauth/token", form)
            if answer.status >= 400:
                raise SandboxError(answer.status, answer.body, "POST /oauth/token")
            self._access = answer.body["access_token"]
        return {"Authorization": f"Bearer {self._access}"}

    def _plain_pages(self, kind: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        asked, root = dict(query), "v2" if self.kind == "crm" else "v1"
        while True:
            body = self.call("GET", f"/{root}/{kind}?{urllib.parse.urlencode(asked)}")
            yield from body["results"]
            if "paging" not in body:
                return
            asked["cursor"] = body["paging"]["next"]["after"]

    def _psa_pages(self, kind: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        page, total = 1, 1
        while page <= total:
            asked = urllib.parse.urlencode({**query, "page": page})
            body = self.call("GET", f"/api/{kind}?{asked}")
            yield from body["items"]
            page, total = page + 1, body["totalPages"]

    def _erp_pages(self, kind: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        path = f"/erp/v1/{kind}?{urllib.parse.urlencode(query)}"
        while path:
            body = self.call("GET", path)
            yield from body["value"]
            path = str(body.get("@nextLink", "")).removeprefix(self.address)


def _encoded(body: Mapping[str, Any] | str | None) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    if isinstance(body, str):
        return body.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    return json.dumps(body).encode(), {"Content-Type": "application/json"}
