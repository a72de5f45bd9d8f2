"""Reading a schema as the text of the statements that make it again."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection

from tenants.postgres import binaries
from tenants.postgres.cluster import cluster_for
from tenants.postgres.roles import owner_parameters

DUMP_SECONDS = 120
# psql's own commands, and what the caller does itself. Only whole lines of exactly this
# form: the text of a row may hold anything.
LEFT_OUT = re.compile(
    r"\\(un)?restrict \w+|SET (transaction|lock|statement)_timeout = 0;"
    r"|CREATE SCHEMA \w+;|COMMENT ON SCHEMA \w+ IS '[\w ]*';"
)


class DumpError(Exception):
    """pg_dump failed, or there is none that fits the server."""


def _candidates() -> Iterator[str]:
    if not settings.DATABASE_URL:
        yield cluster_for(settings.STATE_DIR).binaries().tool("pg_dump")
        return
    for found in binaries.installed():
        yield found.tool("pg_dump")
    on_path = shutil.which("pg_dump")
    if on_path:
        yield on_path


def _server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def pg_dump_program() -> str:
    """Return a pg_dump that is not older than the server. Raises DumpError."""
    wanted = _server_major()
    for program in _candidates():
        told = subprocess.run(  # noqa: S603  a program that we found ourselves
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
        version = re.search(r"(\d+)", told)
        if version and int(version.group(1)) >= wanted:
            return program
    raise DumpError(
        f"There is no pg_dump {wanted} or newer here. Install the client programs of "
        f"PostgreSQL {wanted}; until then a new partner's schema is migrated step by step."
    )


def _environment(params: dict[str, Any]) -> dict[str, str]:
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    given = {names[key]: str(value) for key, value in params.items() if key in names and value}
    return {**kept, **given, "LC_ALL": "C"}


def dump_schema(schema: str) -> str:
    """Return the statements that make `schema`'s tables with their rows. Raises DumpError.

    Names are qualified with the schema's own, so that another can be put in their place.
    """
    params = owner_parameters()
    command = [
        pg_dump_program(),
        *("--schema", schema, "--no-owner", "--no-privileges"),
        *("--inserts", "--rows-per-insert=500", "--dbname", str(params["dbname"])),
    ]
    done = subprocess.run(  # noqa: S603  no shell, and the name is our own
        command,
        env=_environment(params),
        capture_output=True,
        text=True,
        timeout=DUMP_SECONDS,
        check=False,
    )
    if done.returncode:
        raise DumpError(f"pg_dump failed: {' '.join(done.stderr.split())}")
    lines = done.stdout.split("\n")
    return "\n".join(line for line in lines if not LEFT_OUT.fullmatch(line))
