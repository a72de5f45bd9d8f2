"""`DATABASE_URL`: read whole, or refused loudly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import database_from_url, owner_from_url

ROOT = Path(__file__).parents[2]
URL = "postgresql://me:p%40ss@db.example:6432/live"


def test_every_part_is_read() -> None:
    assert database_from_url(f"{URL}?sslmode=verify-full&connect_timeout=3") == {
        "NAME": "live",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "verify-full", "connect_timeout": "3"},
    }


def test_a_sockets_directory_is_a_host() -> None:
    assert database_from_url("postgresql://me@/live?host=%2Frun%2Fpg")["HOST"] == "/run/pg"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://me:s3cret@127.0.0.1:1", "names no database"),
        ("postgresql://me:s3cret@127.0.0.1:port/x", "wrong port"),
        ("mysql://me:s3cret@127.0.0.1/x", "must be postgresql://"),
        ("nonsense", "must be postgresql://"),
        ("postgresql://me:s3cret@127.0.0.1/x?pool_mode=transaction", "pool_mode"),
        ("postgresql://me:s3cret@127.0.0.1/x?sslmod=require", "sslmod"),
    ],
)
def test_a_wrong_one_says_what_is_wrong_without_the_password(url: str, message: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        database_from_url(url)
    assert message in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("owner", "different"),
    [
        ("postgresql://owner@db.example:6432/other", "NAME"),
        ("postgresql://owner@elsewhere:6432/live", "HOST"),
        ("postgresql://owner@db.example:5432/live", "PORT"),
    ],
)
def test_an_owner_on_another_database_is_refused(owner: str, different: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=different):
        owner_from_url(owner, database_from_url(URL))


def test_no_owner_is_none() -> None:
    assert owner_from_url("", database_from_url(URL)) is None


def test_an_owner_on_the_same_database_is_taken() -> None:
    owner = owner_from_url("postgresql://boss:x@db.example:6432/live", database_from_url(URL))
    assert owner is not None
    assert owner["USER"] == "boss"


def test_a_command_says_what_is_wrong_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": "nonsense"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The settings are not right: DATABASE_URL starts with 'nothing'")
    assert len(done.stderr.splitlines()) == 1
