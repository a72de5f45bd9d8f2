"""Where the ends of the audit trails go, besides the folder."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings

from governance import object_storage, timestamps
from governance.sinks import SinkFailed, sink_label
from tenants.outside_marks import failing_outside
from tenants.services.diagnosis.finding import Finding, fail, ok, warn

_NAME = "anchors outside"
_SHOWN = 5


def check_anchor_places() -> Iterator[Finding]:
    """Whether every place that is set up takes what it is given."""
    failing = failing_outside()
    for schema, name, one in failing[:_SHOWN]:
        since = datetime.fromtimestamp(one.failing, tz=UTC)
        yield fail(
            _NAME,
            f"{sink_label(name)}, {schema}: nothing since {since:%Y-%m-%d %H:%M} UTC. {one.said}",
            "It is tried again by itself; see the log of the worker for the cause.",
        )
    if len(failing) > _SHOWN:
        yield fail(_NAME, f"And {len(failing) - _SHOWN} more.", "See above.")
    yield from _bucket()
    yield from _authority()


def _bucket() -> Iterator[Finding]:
    if not object_storage.is_active():
        return
    name = settings.ANCHOR_BUCKET.name
    try:
        locked = object_storage.has_lock()
    except SinkFailed as error:
        yield fail(_NAME, f"Bucket {name}: {error}", "Check LIVERY_ANCHOR_… and the bucket.")
        return
    if locked and settings.ANCHOR_BUCKET.lock_days:
        yield ok(_NAME, f"bucket {name}, under Object Lock")
    else:
        yield warn(
            _NAME,
            f"Bucket {name} keeps anchors without Object Lock.",
            "Whoever has its key can delete them: use a bucket with Object Lock, and "
            "LIVERY_ANCHOR_LOCK_DAYS.",
        )


def _authority() -> Iterator[Finding]:
    if not timestamps.is_active():
        return
    try:
        roots = timestamps.trusted_roots()
    except SinkFailed as error:
        yield fail(_NAME, f"Time stamps: {error}", "Check LIVERY_TIMESTAMP_ROOTS.")
        return
    if roots:
        yield ok(_NAME, f"time stamps of {timestamps.authority()}, checked to their root")
    else:
        yield warn(
            _NAME,
            "Time stamps are taken without a check of who signed them.",
            "Set LIVERY_TIMESTAMP_ROOTS to the authority's certificates (PEM).",
        )


CHECKS = (check_anchor_places,)
