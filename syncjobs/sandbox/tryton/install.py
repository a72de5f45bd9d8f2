"""Install Tryton's server and modules from the package registry into a venv of its own."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

SERIES = "8.2"
# What the two servers need; the rest comes by dependency.
MODULES = (
    "company",
    "account",
    "account_invoice",
    "project",
    "project_invoice",
    "timesheet",
    "sale_opportunity",
)
# Changes when another set of modules is wanted, so that old installs are made anew.
MARK = hashlib.sha256(f"{SERIES} {MODULES}".encode()).hexdigest()[:10]
_REQUIREMENTS = [f"trytond~={SERIES}.0", *(f"trytond_{name}~={SERIES}.0" for name in MODULES)]


class InstallError(RuntimeError):
    """The packages could not be installed; the message says what to do."""


def ensure_venv(venv: Path) -> Path:
    """Return the venv's `bin` with trytond in it; install it first when it is missing.

    A marker is written last, so an install that was cut off is begun again.
    """
    marker = venv / f"installed-{MARK}"
    if marker.exists():
        return venv / "bin"
    shutil.rmtree(venv, ignore_errors=True)
    venv.parent.mkdir(parents=True, exist_ok=True)
    uv = shutil.which("uv")
    python = venv / "bin" / "python"
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)])
        _run([uv, "pip", "install", "--quiet", "--python", str(python), *_REQUIREMENTS])
    else:
        _run([sys.executable, "-m", "venv", str(venv)])
        _run([str(python), "-m", "pip", "install", "--quiet", *_REQUIREMENTS])
    marker.touch()
    return venv / "bin"


def _run(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - fixed words and paths of ours
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        tail = (done.stderr or done.stdout).strip()[-1500:]
        raise InstallError(
            f"Tryton {SERIES} could not be installed: {' '.join(command[:4])} … failed.\n{tail}\n"
            "Check that the package registry can be reached and that the disk is not full, "
            "then run the command again."
        )
