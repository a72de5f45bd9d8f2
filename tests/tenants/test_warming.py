"""A web process is ready before it takes requests."""

import runpy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.template.loader import get_template
from django.template.loaders.app_directories import Loader as AppDirectories
from django.template.loaders.filesystem import Loader as Filesystem
from django_cotton.cotton_loader import Loader as CottonLoader
from gunicorn.config import Config

from config import warming
from config.web_worker import PatientWorker

THREADS = 3


def test_no_page_takes_its_template_from_the_release_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def replaced(*_: object) -> str:
        raise AssertionError("read from its file while serving")

    warming.load_templates()
    for kind in (CottonLoader, Filesystem, AppDirectories):
        monkeypatch.setattr(kind, "get_contents", replaced)
    known = [get_template(f"{name}.html") for name in ("syncjobs/home", "cotton/card")]
    assert len(known) == 2


@pytest.mark.django_db
def test_each_thread_has_a_connection() -> None:
    together = Barrier(THREADS)

    def is_connected() -> bool:
        together.wait(10)
        try:
            return connection.connection is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        warming.connect_threads(threads, THREADS)
        found = [threads.submit(is_connected) for _ in range(THREADS)]
        assert [one.result() for one in found] == [True] * THREADS


def test_a_database_that_is_away_keeps_no_process_from_starting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(_: BaseDatabaseWrapper) -> None:
        raise OperationalError("nobody listens")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", refused)
    with ThreadPoolExecutor(1) as threads:
        warming.connect_threads(threads, 1)
    assert "does not answer yet" in caplog.text


def test_whoever_starts_it_plainly_gets_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bench and the demo set no other processes and threads than these."""
    monkeypatch.setenv("WEB_CONCURRENCY", "")
    cfg, settings = Config(), runpy.run_module("config.gunicorn")
    for name in ("worker_class", "workers", "threads"):
        cfg.set(name, settings[name])
    assert (cfg.worker_class, cfg.workers, cfg.threads) == (PatientWorker, 2, 8)
