"""Fetches the files of a place where a system drops them: each once, page by page.

The cursor remembers what was given and what waits: {"taken": {name: [size, time, of no use]},
"waiting": {name: [size, time, first seen so]}}.
"""

import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from syncjobs.connectors.base import Budget, Check, FoundFile, Page
from syncjobs.connectors.errors import ConnectorError, Permanent
from syncjobs.connectors.files import OnlyRead, require_kind
from syncjobs.connectors.files.folder import Entry, Plan, plan
from syncjobs.sheets import MAX_BYTES, BadSheet, read_sheet

_UNTRIED: Final = "Not tried, because an earlier test failed."


class Refused(Exception):
    """The place does not give this file; the others may be read."""


class Changing(Exception):
    """The file is not as it was listed: it is still being written."""


class Folder(Protocol):
    """A place with files. `still`: for how many seconds a file must look the same."""

    @property
    def still(self) -> int:
        """Seconds."""

    def entries(self) -> Sequence[Entry]:
        """List it. Raises a ConnectorError."""

    def content(self, entry: Entry) -> bytes:
        """Return a listed file. Raises Refused, Changing; a ConnectorError."""

    def taken_in(self, name: str, modified: int) -> None:
        """Note that a file is stored."""


class Fetched(OnlyRead):
    """A connector whose files lie elsewhere; each reading and each test opens that place anew."""

    def __init__(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
    ) -> None:
        require_kind(config)
        self._text = {name: str(value).strip() for name, value in config.items()}
        self._pattern = self._text.get("pattern", "")
        self._budget = budget

    def close(self) -> None:
        """Nothing is open between two readings."""

    @abstractmethod
    def opened(self) -> AbstractContextManager[Folder]:
        """Open the place for one reading. Raises a ConnectorError."""

    def read(
        self,
        object: str,  # noqa: A002  the domain's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        """Give each new file once; the cursor remembers what was given and what waits."""
        if object != self._text.get("object"):
            yield Page((), cursor or {}, last=True, note="The folder holds something else now.")
            return
        with self.opened() as folder:
            yield from _fetch(folder, self._pattern, cursor or {}, self._budget)


def _fetch(
    folder: Folder, pattern: str, cursor: Mapping[str, Any], budget: Budget | None
) -> Iterator[Page]:
    """Give each new file once, and at the end what became of all."""
    known, waited = cursor.get("taken", {}), cursor.get("waiting", {})
    made = plan(folder.entries(), pattern, known, waited, int(time.time()), folder.still)
    # What is gone from the folder is forgotten; its rows are known by their content.
    taken = {one.name: known[one.name] for one in made.known}
    waiting = made.waiting
    if made.due:
        # Keeps the stream while files are read.
        yield _page(taken, waiting)
    read = 0
    for entry in made.due:
        found = _found(folder, entry, budget)
        if found is None:
            waiting = {**waiting, entry.name: [*entry.mark, int(time.time())]}
            continue
        read += 1
        taken = {**taken, entry.name: [*entry.mark, bool(found.problem)]}
        waiting = {name: one for name, one in waiting.items() if name != entry.name}
        yield _page(taken, waiting, file=found)
    unusable = [name for name, mark in taken.items() if mark[2]]
    for name in sorted(taken.keys() - set(unusable)):
        folder.taken_in(name, taken[name][1])
    note = _note(made, read, len(waiting), len(unusable), pattern)
    yield _page(taken, waiting, last=True, note=note, unusable=tuple(unusable))


def try_files(folder: Folder, pattern: str) -> Iterator[str]:
    """List the place, then read a file of it: say how each went. Raises a ConnectorError."""
    entries = folder.entries()
    made = plan(entries, pattern, {}, {}, 0, folder.still)
    yield f"{len(made.waiting)} of {len(entries)} names there fit {pattern}."
    fit = [one for one in entries if one.name in made.waiting and one.size <= MAX_BYTES]
    if not fit:
        yield "There is none yet; each is tried when it comes."
        return
    try:
        folder.content(fit[0])
    except Refused as error:
        raise Permanent(f"{fit[0].name}: {error}") from error
    except Changing:
        yield f"{fit[0].name} is being written just now."
        return
    yield f"{fit[0].name} can be read."


def stepwise(names: Sequence[str], steps: Iterator[str]) -> list[Check]:
    """Return a test's steps with what each said; after one that failed, none is tried."""
    done: list[Check] = []
    try:
        for message in steps:
            done.append(Check(names[len(done)], ok=True, message=message))
    except ConnectorError as error:
        done.append(Check(names[len(done)], ok=False, message=error.message))
    left = names[len(done) :]
    return [*done, *(Check(one, ok=False, message=_UNTRIED, untried=True) for one in left)]


def _found(folder: Folder, entry: Entry, budget: Budget | None) -> FoundFile | None:
    """Return a file, or why it is of no use; None where it is still being written."""
    if entry.size > MAX_BYTES:
        most = MAX_BYTES // 1024 // 1024
        return FoundFile(entry.name, problem=f"It is larger than {most} MB: split it.")
    if budget is not None:
        budget.take()
    try:
        content = folder.content(entry)
        read_sheet(entry.name, content)
    except (Refused, BadSheet) as error:
        return FoundFile(entry.name, problem=str(error))
    except Changing:
        return None
    return FoundFile(entry.name, content)


def _page(taken: Mapping[str, object], waiting: Mapping[str, object], **more: Any) -> Page:
    return Page((), {"taken": taken, "waiting": waiting}, **{"last": False, **more})


def _note(made: Plan, read: int, waiting: int, unusable: int, pattern: str) -> str:
    """Say what became of a folder's files, and why none was taken in."""
    parts = [f"{read} new file{'s' if read != 1 else ''} read."]
    if not (read or waiting or made.known):
        parts = [f"No file in the folder fits {pattern}."]
    elif not read and made.known:
        parts = [f"No new file; {len(made.known)} there known."]
    if waiting:
        parts.append(f"{waiting} new or still being written: taken in at the next look.")
    if unusable:
        parts.append(f"{unusable} cannot be used.")
    if made.odd:
        parts.append(f"{made.odd} left alone: no plain file, or an unusual name.")
    return " ".join(parts)
