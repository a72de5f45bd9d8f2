"""gunicorn's settings: `gunicorn --config python:config.gunicorn config.wsgi`.

What is set on the command line, such as `--workers`, goes before what stands here.
"""

import gc
import os
from typing import Any

from gunicorn.http import wsgi

# Answers must not say what they are served by; the server has no setting for it.
wsgi.SERVER = "web"

worker_class = "config.web_worker.PatientWorker"
# `or`: an empty variable is as good as none. WEB_CONCURRENCY is the name that gunicorn reads.
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 8
# Nobody steers it but by signals.
control_socket_disable = True
# The kernel's own way of sending a file waits for its reader without end.
sendfile = False


def post_worker_init(worker: Any) -> None:
    """Do what the first requests would wait for; then look for unreachable cycles seldom, and not
    among what a process begins with.
    """
    # Imported here: the master has no settings, and its processes have loaded the application.
    from config import warming

    warming.load_pages()
    warming.load_templates()
    if pool := getattr(worker, "tpool", None):
        warming.connect_threads(pool, worker.cfg.threads)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
