"""Ways to sign in, as data. OAuth access tokens are kept per process and renewed once."""

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from syncjobs.connectors.codec import BrokenJson, at, decode, text_at
from syncjobs.connectors.errors import Config, Transient
from syncjobs.connectors.http import Answer, Request
from syncjobs.connectors.outcomes import Effect, from_status

_EARLY_SECONDS: Final = 5.0
_DEFAULT_LIFE_SECONDS: Final = 300.0
_MOST_TOKENS: Final = 1000


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer <secret>`."""

    secret: str = "token"  # noqa: S105  the name of a field


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """The secret as it is, in a header of the vendor's."""

    header: str
    secret: str = "api_key"  # noqa: S105  the name of a field


@dataclass(frozen=True, slots=True)
class Basic:
    """`Authorization: Basic`, the user from the configuration, the password secret."""

    user: str = "user"
    secret: str = "password"  # noqa: S105  the name of a field


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2 client credentials: a short-lived token from `path`, beside the base address."""

    path: str
    client_id: str = "client_id"
    secret: str = "client_secret"  # noqa: S105  the name of a field
    scope: str = ""


Auth = Bearer | KeyHeader | Basic | ClientCredentials
Send = Callable[[Request], Answer]


def secret_names(auth: Auth) -> tuple[str, ...]:
    """The secret fields that a way to sign in reads."""
    return (auth.secret,)


def config_names(auth: Auth) -> tuple[str, ...]:
    """The configuration fields that a way to sign in reads."""
    match auth:
        case Basic(user=user):
            return (user,)
        case ClientCredentials(client_id=client_id):
            return (client_id,)
    return ()


class SignIn:
    """Gives the headers that sign a call in. Safe to use from several threads."""

    renewable = False

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def headers(self) -> Mapping[str, str]:
        """Headers for the next call; can itself call for a token."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> None:
        """Drop the token behind these headers, which the system refused."""


class TokenCache:
    """Access tokens of this process, by a digest of all that they were issued for."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[str, float]] = {}
        self._asking: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def asking(self, key: str) -> threading.Lock:
        """The lock under which a token is asked for: some systems void the one before."""
        with self._lock:
            return self._asking.setdefault(key, threading.Lock())

    def get(self, key: str) -> str | None:
        """Return a token that is still good for a moment."""
        with self._lock:
            token, until = self._tokens.get(key, ("", 0.0))
        return token if token and time.monotonic() < until else None

    def put(self, key: str, token: str, seconds: float) -> None:
        """Keep a token for its lifetime, less a margin."""
        with self._lock:
            if len(self._tokens) >= _MOST_TOKENS:
                self._tokens.clear()
                self._asking = {key: lock for key, lock in self._asking.items() if lock.locked()}
            margin = min(_EARLY_SECONDS, seconds / 4)
            self._tokens[key] = (token, time.monotonic() + seconds - margin)

    def drop(self, key: str, token: str) -> None:
        """Forget a token, unless another has taken its place."""
        with self._lock:
            if self._tokens.get(key, ("", 0.0))[0] == token:
                del self._tokens[key]


_CACHE: Final = TokenCache()


class TokenSignIn(SignIn):
    """Client credentials: asks for a token when there is none that is still good."""

    renewable = True

    def __init__(
        self,
        auth: ClientCredentials,
        url: str,
        client_id: str,
        secret: str,
        send: Send,
        learn: Callable[[str], None],
    ) -> None:
        super().__init__({})
        self._form = {"grant_type": "client_credentials", "client_id": client_id}
        if auth.scope:
            self._form["scope"] = auth.scope
        self._url, self._secret, self._send, self._learn = url, secret, send, learn
        text = "\0".join((url, client_id, secret, auth.scope))
        self._key = hashlib.sha256(text.encode()).hexdigest()

    def headers(self) -> Mapping[str, str]:
        token = _CACHE.get(self._key)
        if token is None:
            with _CACHE.asking(self._key):  # one asks, the others wait for its token
                token = _CACHE.get(self._key) or self._ask()
        self._learn(token)
        return {"Authorization": f"Bearer {token}"}

    def renew(self, refused: Mapping[str, str]) -> None:
        _CACHE.drop(self._key, refused.get("Authorization", "").removeprefix("Bearer "))

    def _ask(self) -> str:
        body = urlencode({**self._form, "client_secret": self._secret}).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        answer = self._send(Request(method="POST", url=self._url, headers=headers, body=body))
        try:
            data = decode(answer.body)
        except BrokenJson:
            data = None
        if answer.status in {400, 401, 403}:
            told = text_at(data, "error_description") or text_at(data, "error")
            words = told.strip().rstrip(".") or "the client id or secret is wrong"
            raise Config(
                f"Sign-in was refused: {words}.",
                status=answer.status,
            )
        if answer.status >= 300:
            raise from_status(answer.status, answer.headers, Effect.NONE)
        token = text_at(data, "access_token")
        if not token:
            raise Transient("Sign-in gave no token.", status=answer.status)
        _CACHE.put(self._key, token, _lifetime(at(data, "expires_in")))
        return token


def _lifetime(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        return _DEFAULT_LIFE_SECONDS
    return seconds if 0 < seconds < 10**7 else _DEFAULT_LIFE_SECONDS


def sign_in(
    auth: Auth,
    config: Mapping[str, str],
    secret: Mapping[str, str],
    *,
    base_url: str,
    send: Send,
    learn: Callable[[str], None],
) -> SignIn:
    """Make the sign-in of one connection; raises Config naming a credential that is missing."""
    value = _credential(secret, auth.secret)
    match auth:
        case Bearer():
            return SignIn({"Authorization": f"Bearer {_for_header(value)}"})
        case KeyHeader(header=header):
            return SignIn({header: _for_header(value)})
        case Basic(user=user):
            pair = f"{config.get(user, '')}:{value}".encode()
            return SignIn({"Authorization": f"Basic {base64.b64encode(pair).decode()}"})
        case ClientCredentials():
            url = f"{base_url}{auth.path}"
            return TokenSignIn(auth, url, config.get(auth.client_id, ""), value, send, learn)


def _credential(secret: Mapping[str, str], name: str) -> str:
    value = str(secret.get(name) or "")
    if not value:
        raise Config(f"The credential {name!r} is missing. Enter it in the connection.")
    return value


def _for_header(value: str) -> str:
    if not value.isprintable() or not value.isascii():
        raise Config("A credential has characters that cannot be sent: copy it again, whole.")
    return value
