"""The script that makes a new partner's schema: migrated once, then replayed.

The script depends on the migrations alone, so it is kept by their hash in the state
directory; a change of any migration makes a new one.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from tenants.postgres import schemas
from tenants.postgres.dump import DumpError, dump_schema, pg_dump_program
from tenants.services.pending import migrations_hash

PLACE = "template_zq7f"
KEPT = 3
BUILD_WAIT = "60s"
_building = threading.Lock()


def _path() -> Path:
    return Path(settings.STATE_DIR) / "templates" / f"{migrations_hash()}.sql"


def _migrate_here(schema: str) -> None:
    call_command("migrate_schemas", schema_name=schema, verbosity=0, interactive=False)


def migrate_schema(schema: str) -> None:
    """Run all migrations in a schema, in a thread of its own.

    The caller's connection keeps its role, its schema and its open transaction.
    """

    def work() -> None:
        try:
            _migrate_here(schema)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(work).result()


def _build(path: Path) -> str:
    pg_dump_program()  # before the slow part: without it a template is of no use
    name = f"{PLACE}_{migrations_hash()}"
    with schemas.schema_work(name, wait=BUILD_WAIT) as owner:
        if path.is_file():  # another process was faster
            return path.read_text()
        schemas.drop_schema(owner, name)
        schemas.make_schema(owner, name, "")
        try:
            migrate_schema(name)
            text = dump_schema(name).replace(name, PLACE)
            _store(path, text)
            return text
        finally:
            schemas.drop_schema(owner, name)


def _store(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{threading.get_ident()}.part")
    part.write_text(text)
    part.chmod(0o600)
    part.replace(path)
    scripts = sorted(path.parent.glob("*.sql"), key=lambda file: file.stat().st_mtime)
    for old in scripts[:-KEPT]:
        old.unlink(missing_ok=True)


@lru_cache(maxsize=2)
def _script(path: Path) -> str:
    with _building:
        if path.is_file():
            return path.read_text()
        return _build(path)


def prepare() -> bool:
    """Build the script unless it is there, so that the first partner need not wait for it; say
    whether it was built. Where it can't be built, partners are migrated step by step.
    """
    if _path().is_file():
        return False
    return script_for(PLACE) is not None


def script_for(schema: str) -> str | None:
    """Return the statements that fill `schema`, or None when there is no usable pg_dump.

    Then the schema has to be migrated step by step (`migrate_schema`), which takes about
    ten times as long. Raises SchemaBusyError when another process builds it for too long.
    """
    try:
        return _script(_path()).replace(PLACE, schema)
    except DumpError:
        return None
