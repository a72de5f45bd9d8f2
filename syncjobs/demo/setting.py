"""What the demo remembers between runs, and where it keeps its systems."""

import datetime as dt
import fcntl
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from syncjobs.sandbox.story import story_month

_WORDS = (
    *("amber", "birch", "cedar", "coral", "delta", "ember", "fjord", "grove", "harbor", "indigo"),
    *("juniper", "kelp", "lagoon", "maple", "nectar", "olive", "pebble", "quartz", "raven"),
    *("saffron", "timber", "umber", "violet", "willow"),
)


USUAL, FULL = "usual", "full"
# With the story's firms: about 18,000 records in all.
FULL_ROWS_A_DAY = 5


class AnotherSizeError(RuntimeError):
    """This state tells a month of another size."""


class AlreadyRunningError(RuntimeError):
    """Another demo runs on the same state."""


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the demo's lock. Raises AlreadyRunningError."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(
                "A demo runs already on this state. End it with Ctrl-C in its own terminal first."
            ) from error
        yield


@dataclass(frozen=True)
class Setting:
    """One password for everybody in the demo, and the month that is told."""

    password: str
    month: dt.date
    home: Path
    size: str = USUAL

    @property
    def rows_a_day(self) -> int:
        """How many time entries each assignment has a working day in a full month; else 0."""
        return FULL_ROWS_A_DAY if self.size == FULL else 0

    @property
    def systems_home(self) -> Path:
        """Where the clients' systems keep their state."""
        return self.home / "systems"


def load_setting(home: Path, size: str = "") -> Setting:
    """Read the demo's own file; make it on the first run. Later runs tell the same month.

    size: USUAL, FULL, or "" for what is there. Raises AnotherSizeError.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = home / "demo.json"
    if file.exists():
        known = json.loads(file.read_text())
        told = known.get("size", USUAL)
        if size and size != told:
            raise AnotherSizeError(
                f"The state in {home.parent} tells the {told} month. For the {size} one set "
                "LIVERY_STATE_DIR to another directory, or run `make clean` first."
            )
        month = dt.date.fromisoformat(known["month"])
        return Setting(known["password"], month, home, told)
    words = "-".join(secrets.choice(_WORDS) for _ in range(3))
    setting = Setting(
        password=f"{words}-{secrets.randbelow(9000) + 1000}",
        month=story_month(dt.datetime.now(dt.UTC).date()),
        home=home,
        size=size or USUAL,
    )
    file.touch(mode=0o600)
    kept = {**asdict(setting), "month": setting.month.isoformat(), "home": ""}
    file.write_text(json.dumps(kept))
    return setting
