"""gunicorn's settings: `gunicorn --config python:config.gunicorn config.wsgi`."""

import gc
from typing import Any

from gunicorn.http import wsgi

# Answers must not say what they are served by; the server has no setting for it.
wsgi.SERVER = "web"


def post_worker_init(worker: Any) -> None:
    """Do what the first requests would wait for; then look for unreachable cycles seldom, and not
    among what a process begins with.
    """
    # Imported here: the master has no settings, and its processes have loaded the application.
    from config import warming

    warming.load_pages()
    if threads := getattr(worker, "tpool", None):
        warming.connect_threads(threads, worker.cfg.threads)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
