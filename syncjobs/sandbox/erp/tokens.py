"""OAuth2 client credentials with tokens that live for seconds."""

import base64
import binascii
import secrets
import time

from syncjobs.sandbox.messages import Reply, Request
from syncjobs.sandbox.problems import unauthorized
from syncjobs.sandbox.store import Store

CLIENT_ID = "integration"
_PREFIX = "token:"


class Tokens:
    """Issues and checks access tokens; they are part of the state, a restart keeps them."""

    def __init__(self, store: Store, secret: str, ttl: float) -> None:
        self._store = store
        self._secret = secret
        self._ttl = ttl

    def issue(self, request: Request) -> Reply:
        """`POST /oauth/token` with the client's id and secret in the form or as basic auth."""
        form = request.form()
        identity = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        if form.get("grant_type") != "client_credentials":
            return _oauth_error(400, "unsupported_grant_type", "Use client_credentials.")
        right = (CLIENT_ID, self._secret)
        if not secrets.compare_digest(":".join(identity).encode(), ":".join(right).encode()):
            return _oauth_error(401, "invalid_client", "The client id or secret is wrong.")
        token = secrets.token_urlsafe(24)
        self._store.set_fact(_PREFIX + token, time.time() + self._ttl)
        body = {"access_token": token, "token_type": "Bearer", "expires_in": int(self._ttl)}
        return Reply(200, body, {"Cache-Control": "no-store"})

    def require(self, request: Request) -> None:
        """Refuse a request without a live token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        expires = self._store.fact(_PREFIX + token) if scheme == "Bearer" else None
        if expires is None:
            raise unauthorized("The access token is missing or not known.")
        if expires <= time.time():
            raise unauthorized("The access token has expired.")

    def expire_all(self) -> None:
        """Make every token useless at once."""
        self._store.drop_facts(_PREFIX)


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _oauth_error(status: int, code: str, description: str) -> Reply:
    return Reply(status, {"error": code, "error_description": description})
