"""Signed-in JSON calls to one system: addresses, sign-in, decoding, errors in its words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from syncjobs.connectors.auth import SignIn, sign_in
from syncjobs.connectors.codec import BrokenJson, at, decode, encode, text_at
from syncjobs.connectors.descriptor import ErrorShape, RestDescriptor
from syncjobs.connectors.egress import AddressRefused, checked_url
from syncjobs.connectors.errors import Config, ConnectorError, Permanent
from syncjobs.connectors.http import Answer, HttpClient, Request
from syncjobs.connectors.outcomes import Effect, from_bad_body, from_status
from syncjobs.connectors.scrub import Scrubber

_MOST_PARTS: Final = 5
_LONGEST_WORDS: Final = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: its status, headers and decoded body (None when it has none)."""

    status: int
    headers: Mapping[str, str]
    data: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call below the system's root. `accept` holds statuses from 300 that are no error."""

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] | None = None
    body: object = None
    effect: Effect = Effect.NONE
    accept: Collection[int] = ()


class Caller:
    """Makes calls for one open connection. Safe to use from several threads."""

    def __init__(
        self,
        system: RestDescriptor,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        http: HttpClient,
        headers: Mapping[str, str],
    ) -> None:
        self._system, self._http = system, http
        given = {name: str(value) for name, value in config.items() if value not in (None, "")}
        values = {entry.name: entry.default for entry in system.config_fields} | given
        for entry in system.config_fields:
            if entry.required and not values.get(entry.name):
                raise Config(f"{entry.label} is missing. Enter it in the connection.")
        base = _base(values["base_url"])
        quoted = {name: quote(value, safe="") for name, value in values.items()}
        self.origin = _origin(base)
        self.config: Mapping[str, str] = values
        self._root = base + system.root.format_map(quoted)
        self._prefix = urlsplit(self._root).path
        self._headers = {"Accept": "application/json", **headers}
        self.scrub = Scrubber(secret.values())
        self._sign_in: SignIn = sign_in(
            system.auth,
            values,
            {name: str(value) for name, value in secret.items() if value is not None},
            base_url=base,
            send=http.send,
            learn=self.scrub.also,
        )

    def path(self, path: str, record_id: str | None = None) -> str:
        """Fill a path's {id}; a record id can never leave its place in the path."""
        if record_id is None:
            return path
        if record_id.strip(".") == "":
            raise Permanent(f"{record_id!r} is not an id of a record.")
        return path.replace("{id}", quote(record_id, safe=""))

    def shown_path(self, path: str) -> str:
        """The path as the system sees it, for previews and stored requests."""
        return self._prefix + path

    def below_root(self, link: str) -> str:
        """Return the path and query of a link, below the root, that the system gave.

        Raises Config when it leads to another host or place: it is never followed there.
        """
        try:
            parts = urlsplit(link)
            relative = not parts.scheme and not parts.netloc
            same = relative or _origin(link) == self.origin
        except ValueError:
            same = False
        path = parts.path if same else ""
        if not path.startswith(f"{self._prefix}/") or ".." in path.split("/"):
            raise Config("The system's link to its next page leads elsewhere, so it was refused.")
        path = path.removeprefix(self._prefix)
        return f"{path}?{parts.query}" if parts.query else path

    def send(self, call: Call) -> Reply:
        """Send one call; raises a ConnectorError, without secrets in it, for anything else.

        When the sign-in has expired it is renewed and the call repeated, once: a refused
        call has had no effect.
        """
        try:
            signed = self._sign_in.headers()
            answer = self._http.send(self._request(call, signed))
            if answer.status == 401 and self._sign_in.renewable:
                self._sign_in.renew(signed)
                answer = self._http.send(self._request(call, self._sign_in.headers()))
            return self._reply(call, answer)
        except ConnectorError as error:
            raise self.scrub.error(error) from None

    def _request(self, call: Call, signed: Mapping[str, str]) -> Request:
        headers = {**self._headers, **(call.headers or {}), **signed}
        body = None
        if call.body is not None:
            body = encode(call.body, numbers=self._system.dialect.numbers)
            headers["Content-Type"] = "application/json"
        return Request(
            method=call.method,
            url=self._root + call.path,
            params=call.params,
            headers=headers,
            body=body,
            effect=call.effect,
        )

    def _reply(self, call: Call, answer: Answer) -> Reply:
        good = answer.status < 300 or answer.status in call.accept
        data: object = None
        problem = ""
        if answer.is_html:
            problem = (
                "The system answered with a web page where data was due: it may be under "
                "maintenance, or the address may be wrong"
            )
        elif answer.body:
            try:
                data = decode(answer.body)
            except BrokenJson as error:
                problem = f"The system's answer is not valid JSON: {error}"
        if good and problem and answer.status < 300:
            raise from_bad_body(problem, answer.status, call.effect)
        if good:
            return Reply(answer.status, answer.headers, data)
        raise self._refusal(call, answer, data)

    def _refusal(self, call: Call, answer: Answer, data: object) -> ConnectorError:
        shape = self._system.errors
        message, detail = vendor_words(shape, data)
        error = from_status(
            answer.status, answer.headers, call.effect, message=message, detail=detail
        )
        return self._system.dialect.refined(error, answer.body, call.effect)


def vendor_words(shape: ErrorShape, data: object) -> tuple[str, dict[str, object]]:
    """Return the message of an error answer and what it tells in a form for programs."""
    message = _words_at(data, shape.message)
    detail: dict[str, object] = {}
    if shape.code and (code := _words_at(data, shape.code)):
        detail["code"] = code
    if shape.existing_id and (existing := _words_at(data, shape.existing_id)):
        detail["existing_id"] = existing
    parts = at(data, shape.parts) if shape.parts else None
    if isinstance(parts, list) and parts:
        pairs = [
            (_words_at(part, shape.part_field), _words_at(part, shape.part_message))
            for part in parts[:_MOST_PARTS]
        ]
        detail["parts"] = [": ".join(filter(None, pair)) for pair in pairs]
        more = [": ".join(filter(None, pair)) for pair in pairs if not _said(message, *pair)]
        message = "; ".join([*([message.rstrip(".")] if message else []), *more])
    return message, detail


def _words_at(data: object, path: str) -> str:
    """Return a text, cut where it is too long for people: a failing system may send anything."""
    return text_at(data, path)[:_LONGEST_WORDS]


def _said(message: str, name: str, words: str) -> bool:
    """Say whether the message tells this complaint already."""
    return name in message and words in message


def _base(url: str) -> str:
    try:
        checked_url(url)
    except AddressRefused as error:
        raise Config(str(error)) from None
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise Config("The address must end before any ? or #.")
    return url.rstrip("/")


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default
