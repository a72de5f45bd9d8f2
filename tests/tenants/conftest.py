"""Embedded servers of their own, in directories that any account may reach."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenants.postgres.cluster import Cluster


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A new directory that every account may pass through; pytest's own is closed to others."""
    path = Path(tempfile.mkdtemp(prefix="lv-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def cluster(open_dir: Path) -> Iterator[Cluster]:
    """A server's handle on a new state directory; stopped afterwards."""
    made = Cluster(open_dir / "state")
    yield made
    made.stop()


@pytest.fixture
def as_root() -> None:
    """For what only root can set up."""
    if os.geteuid() != 0:
        pytest.skip("only root can hand a server to another account")
