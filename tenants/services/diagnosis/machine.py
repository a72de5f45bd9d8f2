"""The machine and the settings: no database is needed for these."""

import os
import shutil
from collections.abc import Iterator, Mapping
from ctypes.util import find_library
from pathlib import Path
from typing import Any

from django.conf import settings

from tenants import collected
from tenants.checks import longest_wait
from tenants.services.diagnosis.finding import Finding, fail, ok, warn

MEGABYTE = 2**20
DISK_FAIL, DISK_WARN = 200 * MEGABYTE, 1024 * MEGABYTE
KEY_BYTES = 32


def check_disk() -> Iterator[Finding]:
    """Room for data, mail and files."""
    place = Path(settings.STATE_DIR)
    free = shutil.disk_usage(place).free
    room = f"{free // 2**30} GB" if free >= 10 * 2**30 else f"{free // MEGABYTE} MB"
    seen = f"{room} free at {place}"
    if free < DISK_FAIL:
        lost = "pictures, papers and the audit trail's anchors can't be kept."
        if not settings.DATABASE_URL:
            lost = "PostgreSQL stops when it can't write."
        yield fail("disk", seen, f"Free some space now: {lost}")
    elif free < DISK_WARN:
        yield warn("disk", seen, "Free some space, or move LIVERY_STATE_DIR.")
    else:
        yield ok("disk", seen)


def check_master_key() -> Iterator[Finding]:
    """The key that opens stored credentials."""
    name = "master key"
    if len(settings.MASTER_KEY) != KEY_BYTES:
        yield fail(name, "It has the wrong length.", "Set LIVERY_MASTER_KEY to 32 bytes, base64.")
        return
    if os.environ.get("LIVERY_MASTER_KEY"):
        yield ok(name, "It comes from LIVERY_MASTER_KEY.")
        return
    path = Path(settings.STATE_DIR) / "master.key"
    if path.is_file() and path.stat().st_mode & 0o077:
        yield fail(name, f"{path} is open to others.", f"chmod 600 {path}")
    else:
        yield warn(
            name,
            f"It lies in {path}, beside the data that it protects.",
            "For real data, move it into LIVERY_MASTER_KEY and keep a copy elsewhere.",
        )


def check_pdf() -> Iterator[Finding]:
    """What drawing PDF documents needs of the machine."""
    if find_library("pango-1.0") and find_library("pangoft2-1.0"):
        yield ok("PDF documents", "Pango is there.")
    else:
        yield warn(
            "PDF documents",
            "Pango is not on this machine: everything works but PDF files.",
            "apt install libpango-1.0-0 libpangoft2-1.0-0",
        )


def check_queue_settings() -> Iterator[Finding]:
    """The rule that keeps slow tasks from running twice."""
    cluster: Mapping[str, Any] = settings.Q_CLUSTER
    least, retry = longest_wait(cluster), cluster["retry"]
    if retry > least:
        yield ok("queue settings", f"retry {retry} s is more than {least} s")
    else:
        yield fail(
            "queue settings",
            f"retry {retry} s is not more than {least} s, so slow tasks run twice",
            "Raise Q_CLUSTER['retry'], or lower its timeout.",
        )


def check_addresses() -> Iterator[Finding]:
    """Under which names and schemes people come in."""
    zone = settings.PLATFORM_DOMAIN
    if settings.PRODUCTION and zone == "localhost":
        yield fail(
            "addresses",
            "Partners' hosts lie under localhost.",
            "Set LIVERY_PLATFORM_DOMAIN to a domain with a wildcard record to this machine.",
        )
    elif not settings.PRODUCTION:
        yield warn(
            "addresses",
            f"Trial settings: {settings.PUBLIC_SCHEME} under {zone}, keys made here.",
            "Set LIVERY_PRODUCTION=1 before real people use it (docs/operations.md).",
        )
    else:
        yield ok("addresses", f"{settings.PUBLIC_SCHEME} under {zone}")


def check_static_files() -> Iterator[Finding]:
    """What pages are drawn with."""
    if names := collected.uncollected():
        yield fail("files of pages", collected.told(names), collected.TO_DO)
    elif settings.STATIC_ROOT:
        yield ok("files of pages", f"collected in {settings.STATIC_ROOT}")
    else:
        yield ok("files of pages", "served from where they lie")


def check_mail() -> Iterator[Finding]:
    """Whether invitations leave this machine."""
    backend = settings.EMAIL_BACKEND.rsplit(".", 2)[-2]
    if backend == "smtp":
        yield ok("mail", f"by SMTP through {settings.EMAIL_HOST}:{settings.EMAIL_PORT}")
    else:
        yield warn(
            "mail",
            f"Mail is not sent ({backend}).",
            "Set LIVERY_EMAIL_BACKEND and the SMTP server, or hand invitation links on yourself.",
        )


CHECKS = (
    check_disk,
    check_master_key,
    check_queue_settings,
    check_addresses,
    check_static_files,
    check_mail,
    check_pdf,
)
