"""What the first requests of a web process would otherwise wait for, done before it takes any:
importing all pages, compiling their templates, and a connection to the database for each thread.
"""

import logging
from concurrent.futures import Executor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.template.loader import get_template
from django.urls import get_resolver

from config.middleware import PAUSED, URLCONFS

logger = logging.getLogger(__name__)
_SECONDS: Final = 10.0


def load_pages() -> None:
    """Import the pages of all doors, as the first request for one would."""
    for urlconf in (*URLCONFS.values(), settings.PUBLIC_SCHEMA_URLCONF, PAUSED):
        assert get_resolver(urlconf).url_patterns


def load_templates() -> None:
    """Compile all templates: the next release's files may take their place while this process
    still serves, and its pages know nothing of them.
    """
    folder = Path(settings.BASE_DIR) / "templates"
    for file in sorted(folder.rglob("*.*")):
        get_template(str(file.relative_to(folder)))


def connect_threads(threads: Executor, count: int) -> None:
    """Open a connection to the database in each of the threads that answer requests."""
    together = Barrier(count)
    for done in [threads.submit(_connect, together) for _ in range(count)]:
        done.result()


def _connect(together: Barrier) -> None:
    """Connect this thread, and wait for the others, so that none of them does it for another."""
    try:
        connection.ensure_connection()
    except DatabaseError:
        logger.warning("The database does not answer yet; each request will try again.")
    try:
        together.wait(_SECONDS)
    except BrokenBarrierError:
        logger.warning("Not all threads have a connection yet; requests will open theirs.")
