"""Which directories the embedded server uses, and who owns them."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tenants.postgres.errors import ClusterError
from tenants.postgres.machine_account import (
    Account,
    account_for_root,
    account_of_uid,
    can_enter,
)

PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_PATH = 107
FALLBACK = Path("/var/lib/livery")
SHORTEST = Path("/tmp")  # noqa: S108  only a private directory with a checked owner is used


@dataclass(frozen=True)
class Layout:
    """Everything below `base` belongs to `account` (None: to this process's own user)."""

    base: Path
    socket_dir: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.base / "data"

    @property
    def lock(self) -> Path:
        """Held while somebody makes, starts or stops the server."""
        return self.base / "lock"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.base / "server.log"

    @property
    def socket(self) -> Path:
        """The only way in: TCP is off."""
        return self.socket_dir / SOCKET_NAME


def _token(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _private_directory(path: Path, account: Account | None) -> Path:
    """Make `path` as a directory that only `account` enters. Raises ClusterError."""
    owner = os.geteuid() if account is None else account.uid
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise ClusterError(f"{path} is no directory: move it away and start again.")
        if found.st_uid != owner and os.geteuid() == 0 and account is not None:
            os.chown(path, account.uid, account.gid)
        elif found.st_uid != owner:
            raise ClusterError(
                f"{path} belongs to {account_of_uid(found.st_uid).name}. Run as that user, or "
                "set LIVERY_STATE_DIR to a directory of your own."
            )
        path.chmod(0o700)
    except OSError as error:
        raise ClusterError(
            f"{path} can't be made: {error.strerror}. Set LIVERY_STATE_DIR to a directory "
            "that you can write, or set DATABASE_URL."
        ) from error
    return path


def _socket_dir(data: Path, account: Account | None) -> Path:
    """Return the data directory, or a short private one where its path is too long, or has
    a comma, at which PostgreSQL's clients would split it into several hosts.
    """
    if len(os.fsencode(data / SOCKET_NAME)) <= LONGEST_SOCKET_PATH and "," not in str(data):
        return data
    name = f"livery-{_token(data)}"
    for place in (Path(tempfile.gettempdir()), SHORTEST):
        if len(os.fsencode(place / name / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return _private_directory(place / name, account)
    raise ClusterError(
        f"The path {data} is too long for a Unix socket. Set LIVERY_STATE_DIR to a shorter one."
    )


def _base_for_root(state_dir: Path, account: Account) -> Path:
    """Return a directory that the unprivileged account can reach.

    The state directory is ours, so others may pass through it; its parents are not, and
    where one is closed (a checkout under root's home) the data goes below `FALLBACK`.
    """
    state_dir.chmod(state_dir.stat().st_mode | 0o011)
    if can_enter(account, state_dir):
        return state_dir / "postgres"
    try:
        FALLBACK.mkdir(mode=0o711, exist_ok=True)
    except OSError as error:
        raise ClusterError(
            f"PostgreSQL has to run as {account.name}, who may not enter {state_dir}, and "
            f"{FALLBACK} can't be made ({error.strerror}). Set LIVERY_STATE_DIR to a directory "
            f"that {account.name} can reach, run as an ordinary user, or set DATABASE_URL."
        ) from error
    return FALLBACK / _token(state_dir)


def layout_for(state_dir: Path) -> Layout:
    """Return where the server of a state directory lives, making the directories.

    Raises ClusterError when no place works for this process's user.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClusterError(
            f"{state_dir} can't be made: {error.strerror}. Set LIVERY_STATE_DIR to a "
            "directory that you can write."
        ) from error
    account: Account | None = None
    base = state_dir / "postgres"
    if os.geteuid() == 0:
        # Data that an ordinary user made stays theirs when root comes along.
        made = (base / "data").stat().st_uid if (base / "data").is_dir() else 0
        account = account_of_uid(made) if made else account_for_root()
        base = _base_for_root(state_dir, account)
    _private_directory(base, account)
    return Layout(base, _socket_dir(base / "data", account), account)
