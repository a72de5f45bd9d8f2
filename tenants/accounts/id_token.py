"""Reads and checks an identity provider's token. Pure: keys, expectations and time come in.

OpenID Connect Core 1.0, section 3.1.3.7. Only signatures with the provider's public keys are
taken: a token that is unsigned, or signed with a shared secret, is refused.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

LEEWAY_SECONDS = 60
OLDEST_SECONDS = 600
SMALLEST_RSA_BITS = 2048
_CURVE_BYTES = 32


class TokenRefused(Exception):
    """The token is not one that may be believed; the message says why, without its content."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be in the token."""

    issuer: str
    client_id: str
    nonce: str
    now: float


def claims_of(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> dict[str, Any]:
    """Return the claims of a token that holds. Raises TokenRefused."""
    head, claims, signed, signature = _parted(token)
    _check_signature(head, signed, signature, keys)
    _check_claims(claims, expected)
    return claims


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenRefused("The token is damaged.") from None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(text))
    except ValueError:
        raise TokenRefused("The token is damaged.") from None
    if not isinstance(found, dict):
        raise TokenRefused("The token is damaged.")
    return found


def _parted(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenRefused("The token is damaged.")
    return _object(parts[0]), _object(parts[1]), f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2])


def _check_signature(
    head: Mapping[str, Any], signed: bytes, signature: bytes, keys: Sequence[Mapping[str, Any]]
) -> None:
    check = {"RS256": _check_rsa, "ES256": _check_ec}.get(str(head.get("alg")))
    if check is None:
        raise TokenRefused("The token is signed in a way that is not taken (RS256 and ES256 are).")
    named = [key for key in keys if "kid" not in head or key.get("kid") == head["kid"]]
    for key in named:
        try:
            check(key, signed, signature)
        except (InvalidSignature, ValueError, KeyError, TypeError):
            continue
        return
    raise TokenRefused("The token's signature is not the provider's.")


def _number(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(str(key[name])), "big")


def _check_rsa(key: Mapping[str, Any], signed: bytes, signature: bytes) -> None:
    if key["kty"] != "RSA":
        raise ValueError("another kind of key")
    public = rsa.RSAPublicNumbers(_number(key, "e"), _number(key, "n")).public_key()
    if public.key_size < SMALLEST_RSA_BITS:
        raise ValueError("too short a key")
    public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())


def _check_ec(key: Mapping[str, Any], signed: bytes, signature: bytes) -> None:
    if key["kty"] != "EC" or key["crv"] != "P-256" or len(signature) != 2 * _CURVE_BYTES:
        raise ValueError("another kind of key")
    numbers = ec.EllipticCurvePublicNumbers(_number(key, "x"), _number(key, "y"), ec.SECP256R1())
    r = int.from_bytes(signature[:_CURVE_BYTES], "big")
    s = int.from_bytes(signature[_CURVE_BYTES:], "big")
    numbers.public_key().verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))


def _check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("The token comes from another provider.")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise TokenRefused("The token is for another application.")
    party = claims.get("azp")
    if (len(audiences) > 1 or party is not None) and party != expected.client_id:
        raise TokenRefused("The token is for another application.")
    if not expected.nonce or claims.get("nonce") != expected.nonce:
        raise TokenRefused("The token answers another sign-in.")
    _check_times(claims, expected.now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise TokenRefused("The token names nobody.")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    ends, made = claims.get("exp"), claims.get("iat")
    if not isinstance(ends, int | float) or not isinstance(made, int | float):
        raise TokenRefused("The token does not say how long it holds.")
    if now > ends + LEEWAY_SECONDS or now - made > OLDEST_SECONDS + LEEWAY_SECONDS:
        raise TokenRefused("The token is too old.")
    if made > now + LEEWAY_SECONDS:
        raise TokenRefused("The token is from the future: check the clocks.")
