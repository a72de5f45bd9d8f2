"""A small OpenID provider on a port of its own: codes, PKCE, signed tokens, and its tempers."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SECRET = "the provider's secret / with signs"


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def number(value: int) -> str:
    return text_of(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@lru_cache
def key_pair(name: str) -> rsa.RSAPrivateKey:
    """One key per name; making them is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """`person` are the claims of who signs in; `changed` overrides claims of the next tokens."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.client_id = "this-partner"
        self.person: dict[str, Any] = {}
        self.changed: dict[str, Any] = {}
        self.head: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.signs_with = "one"
        self.says_it_is = self.issuer
        self.codes: dict[str, dict[str, str]] = {}
        self.in_userinfo: set[str] = set()
        self.refused: list[str] = []
        self.ends = False  # whether it has a place to sign out at

    def visit(self, address: str) -> str:
        """Sign in as a browser would; return the address that it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == self.client_id
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        query = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return f"{asked['redirect_uri']}?{query}"

    def about(self) -> dict[str, Any]:
        return {
            "issuer": self.says_it_is,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            **({"end_session_endpoint": f"{self.issuer}/end?at=all"} if self.ends else {}),
        }

    def keys(self) -> dict[str, Any]:
        public = key_pair("one").public_key().public_numbers()
        return {
            "keys": [
                {"kty": "RSA", "kid": "one", "n": number(public.n), "e": number(public.e)},
            ]
        }

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Exchange a code, once, for whoever has its verifier and the secret."""
        asked = self.codes.pop(form.get("code", ""), None)
        pair = f"{urlencode({'': self.client_id})[1:]}:{quoted(SECRET)}"
        expected = "Basic " + base64.b64encode(pair.encode()).decode()
        if asked is None or authorization != expected:
            self.refused.append("code or secret")
            return None
        digest = text_of(hashlib.sha256(form["code_verifier"].encode()).digest())
        if digest != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            self.refused.append("verifier or address")
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **{name: one for name, one in self.person.items() if name not in self.in_userinfo},
            **self.changed,
        }
        return {"id_token": self.signed(claims), "access_token": "at", "token_type": "Bearer"}

    def signed(self, claims: dict[str, Any]) -> str:
        parts = [text_of(json.dumps(one).encode()) for one in (self.head, claims)]
        content = ".".join(parts)
        if self.head["alg"] == "none":
            return content + "."
        key = key_pair(self.signs_with)
        return (
            f"{content}.{text_of(key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
        )


def quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Run a provider until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        provider: Provider

        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def _send(self, found: dict[str, Any] | None) -> None:
            body = json.dumps(found or {"error": "invalid_grant"}).encode()
            self.send_response(200 if found else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            provider = self.provider
            pages: dict[str, Callable[[], dict[str, Any]]] = {
                "/.well-known/openid-configuration": provider.about,
                "/keys": provider.keys,
                "/userinfo": provider.person.copy,
            }
            self._send(pages[self.path]())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._send(self.provider.token(form, self.headers.get("Authorization", "")))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(server.server_address[1])
    Handler.provider = provider
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
