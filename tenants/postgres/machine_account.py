"""The machine's accounts: PostgreSQL refuses to run as root, so root hands it to another."""

import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tenants.postgres.errors import ClusterError

# `postgres` exists where a PostgreSQL package is installed, `nobody` everywhere.
PREFERRED = ("postgres", "nobody", "daemon")
ACCOUNT_VARIABLE = "LIVERY_POSTGRES_USER"
ANYWHERE = Path("/")


@dataclass(frozen=True)
class Account:
    """Who the server runs as when root starts it."""

    name: str
    uid: int
    gid: int


def account_of_uid(uid: int) -> Account:
    """Return the account of a user id; one without a name is called by its number."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, uid)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def account_for_root() -> Account:
    """Return the account that the server gets when this process is root's.

    Raises ClusterError when the one asked for is missing or is root itself.
    """
    wanted = os.environ.get(ACCOUNT_VARIABLE, "")
    for name in (wanted,) if wanted else PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ClusterError(
        "PostgreSQL refuses to run as root, and there is no other account for it "
        f"({wanted or ', '.join(PREFERRED)}). Name an existing one in {ACCOUNT_VARIABLE}, "
        "run as an ordinary user, or set DATABASE_URL."
    )


def _environment() -> dict[str, str]:
    """Return this process's environment without what would steer PostgreSQL elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def run_as(
    account: Account | None,
    command: list[str],
    *,
    timeout: float = 120,
    extra: Mapping[str, str] | None = None,
    directory: Path = ANYWHERE,
) -> subprocess.CompletedProcess[str]:
    """Run a command as `account` (None: as this process) and return its text output.

    The working directory is not ours, which may be closed to that account.
    """
    return subprocess.run(  # noqa: S603  commands of this package, no shell
        command,
        cwd=directory,
        env={**_environment(), **(extra or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )


def can_read(account: Account | None, path: Path) -> bool:
    """Whether `account` can read and pass through `path`, asked as that account."""
    for flag in ("-r", "-x"):
        if run_as(account, ["/usr/bin/test", flag, str(path)]).returncode:
            return False
    return True


def can_enter(account: Account | None, path: Path) -> bool:
    """Whether `account` can pass through `path` to what lies in it."""
    return run_as(account, ["/usr/bin/test", "-x", str(path)]).returncode == 0
