"""Anchors in object storage (S3 or compatible), under a retention that nobody can shorten.

The library is loaded when the first anchor is written: a process without this place has no use
for it. Where the bucket has Object Lock, each anchor is kept under it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.conf import settings

from governance.sinks import AnchorLine, Found, Sink, SinkFailed

logger = logging.getLogger(__name__)

NAME: Final = "object_storage"
EVERY: Final = timedelta(seconds=240)
_CONNECT_SECONDS, _READ_SECONDS = 5, 10
_HASH_DIGITS: Final = 16
_NEWEST: Final = 20
_MOST_OTHERS: Final = 50
_MOST_BYTES: Final = 16 * 1024
_NO_LOCK: Final = frozenset(
    {"ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"}
)


def write(line: AnchorLine) -> str:
    """Put an anchor into the bucket as an object of its own. Raises SinkFailed."""
    where = settings.ANCHOR_BUCKET
    key = f"{where.prefix}{line.trail}/{line.seal:012d}-{line.seal_hash[:_HASH_DIGITS]}.json"
    kept: dict[str, Any] = {}
    days = where.lock_days
    with _Told():
        client = _client()
        if days and _has_lock(where.name, where.endpoint):
            until = datetime.now(UTC) + timedelta(days=days)
            kept = {"ObjectLockMode": where.lock_mode, "ObjectLockRetainUntilDate": until}
        client.put_object(
            Bucket=where.name,
            Key=key,
            Body=line.as_json().encode() + b"\n",
            ContentType="application/json",
            **kept,
        )
    return f"object {key}, locked for {days} days" if kept else f"object {key}"


def read(trail: str, hashes: Mapping[int, str], seconds: float) -> Found:
    """Return the anchors of a trail that the bucket has. Raises SinkFailed, also when that takes
    longer than so many seconds.

    An object's name holds the seal's number and the beginning of its hash, so a listing compares
    years of them; those that differ, and the newest, are read. Versions are listed, not objects:
    a delete marker hides an object that is under a lock, and its version is still there.
    """
    where, until = settings.ANCHOR_BUCKET, time.monotonic() + seconds
    with _Told():
        client = _client()
        versions, hidden = _versions(client, where.name, f"{where.prefix}{trail}/", until)
        agreeing = [one for one in versions if _agrees(one["Key"], hashes)]
        newest = agreeing[-_NEWEST:]
        others = [one for one in versions if not _agrees(one["Key"], hashes)]
        wanted = _in_time([*newest, *others[:_MOST_OTHERS]], until)
        lines = [_line(client, where.name, one) for one in wanted]
    notes = []
    if hidden:
        notes.append(
            f"{hidden} anchors in the object storage were deleted by somebody. Their versions are "
            "kept there, and were compared."
        )
    if len(others) > _MOST_OTHERS:
        notes.append(f"{len(others) - _MOST_OTHERS} more objects in the bucket are not of it.")
    return Found(len(agreeing) - len(newest), lines, notes)


def _in_time(many: Iterable[Any], until: float) -> Iterator[Any]:
    """Give one after the other while there is time. Raises SinkFailed when it is over."""
    for one in many:
        if time.monotonic() > until:
            raise SinkFailed(
                "Reading it takes too long here. Whoever runs the installation compares it."
            )
        yield one


def _versions(
    client: Any, bucket: str, prefix: str, until: float
) -> tuple[list[dict[str, Any]], int]:
    """Return the versions under a prefix, the oldest seal first, and how many objects are hidden
    by a delete marker; the objects, where a bucket knows no versions."""
    from botocore.exceptions import ClientError

    given = {"Bucket": bucket, "Prefix": prefix}
    try:
        listed = client.get_paginator("list_object_versions").paginate(**given)
        pages = list(_in_time(listed, until))
        found = [one for page in pages for one in page.get("Versions", ())]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _NO_LOCK:
            raise
        listed = client.get_paginator("list_objects_v2").paginate(**given)
        pages = list(_in_time(listed, until))
        found = [one for page in pages for one in page.get("Contents", ())]
    markers = {one["Key"] for page in pages for one in page.get("DeleteMarkers", ())}
    return sorted(found, key=lambda one: str(one["Key"])), len(markers)


def _agrees(key: str, hashes: Mapping[int, str]) -> bool:
    """Say whether an object is named after a seal that the chain has."""
    number, _, beginning = key.rpartition("/")[2].removesuffix(".json").partition("-")
    if not number.isdigit() or len(beginning) != _HASH_DIGITS:
        return False
    return hashes.get(int(number), "")[:_HASH_DIGITS] == beginning


def _line(client: Any, bucket: str, version: Mapping[str, Any]) -> str:
    which = {"VersionId": version["VersionId"]} if version.get("VersionId") else {}
    body = client.get_object(Bucket=bucket, Key=version["Key"], **which)["Body"]
    return str(body.read(_MOST_BYTES).decode(errors="replace")).strip()


def is_active() -> bool:
    """Say whether a bucket is named."""
    return bool(settings.ANCHOR_BUCKET.name)


def has_lock() -> bool:
    """Ask whether the bucket has Object Lock. Raises SinkFailed."""
    where = settings.ANCHOR_BUCKET
    with _Told():
        return _has_lock(where.name, where.endpoint)


def forget_clients() -> None:
    """Forget connections and what is known of the bucket; for other settings."""
    _client.cache_clear()
    _has_lock.cache_clear()


class _Told:
    """Turns the library's errors into ours; what is no error of it goes on."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            logger.warning("The bucket of anchors refuses: %s", error)
            code = str(error.response.get("Error", {}).get("Code", "unknown"))[:60]
            raise SinkFailed(f"The object storage refused it ({code}).") from error
        if isinstance(error, BotoCoreError):
            logger.warning("The bucket of anchors cannot be used: %s", error)
            raise SinkFailed("The object storage could not be reached.") from error


@lru_cache(maxsize=1)
def _client() -> Any:
    import boto3
    from botocore.config import Config

    where = settings.ANCHOR_BUCKET
    own = where.endpoint
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": 1},  # the sink is tried again, later
        s3={"addressing_style": "path" if own else "auto"},
    )
    return boto3.client(
        "s3",
        endpoint_url=own or None,
        region_name=where.region or None,
        aws_access_key_id=where.key_id or None,
        aws_secret_access_key=where.secret or None,
        config=config,
    )


@lru_cache(maxsize=4)
def _has_lock(bucket: str, endpoint: str) -> bool:
    """Asked once a process: a bucket's Object Lock is never switched off again."""
    from botocore.exceptions import ClientError

    try:
        told = _client().get_object_lock_configuration(Bucket=bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _NO_LOCK:
            return False
        raise
    return bool(told.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled")


OBJECT_STORAGE: Final = Sink(
    name=NAME,
    label="Object storage",
    every=lambda: EVERY,
    is_active=is_active,
    write=write,
    read=read,
    noted_as="object ",
)
