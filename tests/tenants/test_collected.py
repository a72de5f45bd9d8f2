"""Copies of the files that pages need: looked at before anything is served."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from tenants import collected
from tenants.services.diagnosis import Level
from tenants.services.diagnosis.machine import check_static_files


@pytest.fixture
def copies(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Collect all files, as in production, but without names of their content."""
    settings.STATIC_ROOT = tmp_path / "collected"
    monkeypatch.setattr(
        "django.contrib.staticfiles.management.commands.collectstatic.staticfiles_storage",
        StaticFilesStorage(settings.STATIC_ROOT),
    )
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path / "collected"


def test_nothing_is_missing_after_collecting(copies: Path) -> None:
    assert (copies / "neutral.css").is_file()
    assert collected.uncollected() == []
    collected.refuse_uncollected()
    assert [finding.level for finding in check_static_files()] == [Level.OK]


def test_a_copy_of_an_earlier_version_is_named(copies: Path) -> None:
    (copies / "neutral.css").write_text("body { color: red }")
    assert collected.uncollected() == ["neutral.css"]
    [finding] = check_static_files()
    assert finding.level is Level.FAIL
    assert "neutral.css" in finding.seen
    assert "collectstatic" in finding.to_do


def test_a_missing_copy_is_named(copies: Path) -> None:
    (copies / "neutral.css").unlink()
    with pytest.raises(ImproperlyConfigured, match=r"neutral\.css.*collectstatic"):
        collected.refuse_uncollected()


def test_without_copies_nothing_is_asked_for(settings: LazySettings) -> None:
    assert settings.STATIC_ROOT is None
    assert collected.uncollected() == []


def test_a_web_process_without_its_files_ends_at_its_start(
    settings: LazySettings, tmp_path: Path
) -> None:
    code = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "from django.conf import settings\n"
        f"settings.STATIC_ROOT = {str(tmp_path)!r}\n"
        "import config.wsgi"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "Run manage.py collectstatic" in done.stderr.splitlines()[-1]
