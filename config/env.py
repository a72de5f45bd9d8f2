"""Settings read from the environment: typed, named, and loud when wrong.

Every variable starts with `LIVERY_`, except `DATABASE_URL`, which hosting platforms set
under that name. A value of the wrong shape stops the process with the variable's name and
what it must look like.
"""

import base64
import binascii
import os
import secrets
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env

env = Env()
KEY_BYTES = 32
URL_PARAMETERS = {"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}


def database_from_url(url: str) -> dict[str, object]:
    """Return Django's connection fields for `postgresql://user:password@host:port/name`.

    `?host=/directory` names a Unix socket's directory; of libpq's other parameters those of
    `URL_PARAMETERS` are taken. Raises ImproperlyConfigured, naming what is wrong, without
    repeating the password.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL starts with {parts.scheme or 'nothing'!r}; it must be "
            "postgresql://USER:PASSWORD@HOST:PORT/NAME."
        )
    name = parts.path.lstrip("/")
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database: add /NAME at its end.")
    try:
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL has a wrong port: {error}.") from error
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    host = given.pop("host", parts.hostname or "")
    # One that was dropped in silence could be the `sslmode` that somebody relies on.
    unknown = sorted(set(given) - URL_PARAMETERS)
    if unknown:
        raise ImproperlyConfigured(
            f"DATABASE_URL has parameters that are not known here: {', '.join(unknown)}. "
            f"Use host, {', '.join(sorted(URL_PARAMETERS))}."
        )
    return {
        "NAME": unquote(name),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port or ""),
        "OPTIONS": given,
    }


def owner_from_url(url: str, runtime: dict[str, object]) -> dict[str, object] | None:
    """Return the fields of the role that owns the tables, None when none is given.

    Raises ImproperlyConfigured when the address is another database than the runtime's.
    """
    if not url:
        return None
    owner = database_from_url(url)
    different = [key for key in ("HOST", "PORT", "NAME") if owner[key] != runtime[key]]
    if different:
        raise ImproperlyConfigured(
            "LIVERY_OWNER_DATABASE_URL differs from DATABASE_URL in "
            f"{', '.join(different)}; only the user and the password may."
        )
    return owner


def _decoded_key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ImproperlyConfigured(f"{name} is not base64: {error}.") from error
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(
            f"{name} decodes to {len(key)} bytes; it must be {KEY_BYTES}. "
            "Make one with: openssl rand -base64 32"
        )
    return key


def _stored_text(path: Path, make: str) -> str:
    """Return the text of `path`, writing `make` there first when it does not exist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(make)
    return make


def master_key(state_dir: Path, *, production: bool) -> bytes:
    """Return the key that wraps every partner's data key (32 bytes).

    In production it must come from `LIVERY_MASTER_KEY`; elsewhere one is made once and
    kept in the state directory, so that a restart still opens what was sealed.
    """
    text = env.str("LIVERY_MASTER_KEY", "")
    if not text and production:
        raise ImproperlyConfigured(
            "LIVERY_MASTER_KEY is not set. Make one with `openssl rand -base64 32`, "
            "keep a copy outside this machine, and set it for web and worker alike."
        )
    if not text:
        made = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        text = _stored_text(state_dir / "master.key", made)
    return _decoded_key("LIVERY_MASTER_KEY", text)


def signing_key(state_dir: Path, *, production: bool) -> str:
    """Return the key that signs sessions and links; the same rule as `master_key`."""
    text = env.str("LIVERY_SECRET_KEY", "")
    if not text and production:
        raise ImproperlyConfigured(
            "LIVERY_SECRET_KEY is not set. Make one with `openssl rand -base64 48`."
        )
    return text or _stored_text(state_dir / "secret.key", secrets.token_urlsafe(48))


def previous_master_keys() -> list[bytes]:
    """Return the master keys used before, which still open what they wrapped."""
    texts: list[str] = env.list("LIVERY_PREVIOUS_MASTER_KEYS", [])
    return [_decoded_key("LIVERY_PREVIOUS_MASTER_KEYS", text) for text in texts]


def broker_from_environment() -> dict[str, object]:
    """Return what the queue runs on: `LIVERY_REDIS_URL` where it is set, else the database.

    Raises ImproperlyConfigured for another kind of address, or without the package it takes.
    """
    url = env.str("LIVERY_REDIS_URL", "")
    if not url:
        return {"orm": "default", "broker_class": "tenants.broker.InDatabase"}
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured(
            "LIVERY_REDIS_URL must start with redis://, rediss:// or unix://."
        )
    if find_spec("redis") is None:
        raise ImproperlyConfigured(
            "LIVERY_REDIS_URL is set, and the Python package redis is not installed: "
            "install it (pip install redis), or leave the variable out."
        )
    return {"redis": url, "broker_class": "tenants.broker_redis.OnRedis"}


@dataclass(frozen=True, slots=True)
class AnchorBucket:
    """Where anchors of the audit trails go in object storage; no name: nowhere.

    Without an endpoint it is the region's, without key and secret those that the library finds.
    """

    name: str
    prefix: str
    endpoint: str
    region: str
    key_id: str
    secret: str = field(repr=False)
    lock_days: int
    lock_mode: str


@dataclass(frozen=True, slots=True)
class TimeStamps:
    """Which authority stamps anchors (RFC 3161), how often, and the file of the certificates that
    its stamps must lead to; no address: none."""

    url: str
    roots: str
    minutes: int


def anchor_bucket() -> AnchorBucket:
    """Return what `LIVERY_ANCHOR_…` says. Raises ImproperlyConfigured."""
    made = AnchorBucket(
        name=env.str("LIVERY_ANCHOR_BUCKET", ""),
        prefix=env.str("LIVERY_ANCHOR_PREFIX", "anchors/"),
        endpoint=_web_address("LIVERY_ANCHOR_ENDPOINT", "https://s3.example.com"),
        region=env.str("LIVERY_ANCHOR_REGION", ""),
        key_id=env.str("LIVERY_ANCHOR_KEY_ID", ""),
        secret=env.str("LIVERY_ANCHOR_SECRET", ""),
        lock_days=env.int("LIVERY_ANCHOR_LOCK_DAYS", 365),
        lock_mode=env.str("LIVERY_ANCHOR_LOCK_MODE", "COMPLIANCE").upper(),
    )
    if made.lock_mode not in {"COMPLIANCE", "GOVERNANCE"}:
        raise ImproperlyConfigured("LIVERY_ANCHOR_LOCK_MODE must be COMPLIANCE or GOVERNANCE.")
    if bool(made.key_id) != bool(made.secret):
        raise ImproperlyConfigured("Set both LIVERY_ANCHOR_KEY_ID and LIVERY_ANCHOR_SECRET.")
    if made.lock_days < 0:
        raise ImproperlyConfigured("LIVERY_ANCHOR_LOCK_DAYS must be 0 or more.")
    return made


def time_stamps() -> TimeStamps:
    """Return what `LIVERY_TIMESTAMP_…` says. Raises ImproperlyConfigured."""
    minutes = env.int("LIVERY_TIMESTAMP_MINUTES", 60)
    if minutes < 1:
        raise ImproperlyConfigured("LIVERY_TIMESTAMP_MINUTES must be 1 or more.")
    url = _web_address("LIVERY_TIMESTAMP_URL", "https://tsa.example.com/")
    return TimeStamps(url=url, roots=env.str("LIVERY_TIMESTAMP_ROOTS", ""), minutes=minutes)


def _web_address(name: str, example: str) -> str:
    text: str = env.str(name, "")
    if text and urlsplit(text).scheme not in {"http", "https"}:
        raise ImproperlyConfigured(f"{name} must be an address such as {example}.")
    return text
