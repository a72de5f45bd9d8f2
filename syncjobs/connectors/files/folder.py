"""What to do about a folder's files, from its listing and what was seen before. Pure."""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_UNFINISHED: Final = (".part", ".tmp", ".filepart", ".partial", ".crdownload")
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in the folder, as the server lists it."""

    name: str
    size: int
    modified: int
    mode: int | None = None

    @property
    def mark(self) -> list[int]:
        """What changes when the file does."""
        return [self.size, self.modified]


@dataclass(slots=True)
class Plan:
    """`due`: to be read now, oldest first. `known`: taken in or refused before, and the same.

    `waiting`: name → size, time and when it was first seen so, of what is due too. `odd`: how many
    entries of the pattern are no plain files with a plain name; they are left alone.
    """

    due: list[Entry] = field(default_factory=list)
    known: list[Entry] = field(default_factory=list)
    waiting: dict[str, list[int]] = field(default_factory=dict)
    odd: int = 0


def plan(
    entries: Sequence[Entry],
    pattern: str,
    taken: Mapping[str, Sequence[object]],
    waiting: Mapping[str, Sequence[int]],
    now: int,
    still: int,
) -> Plan:
    """Sort a folder out. A file is due when two looks, `still` seconds apart, show it the same."""
    made = Plan()
    for entry in sorted(entries, key=lambda one: (one.modified, one.name)):
        if not matches(entry.name, pattern) or entry.name.lower().endswith(_UNFINISHED):
            continue
        if not (is_plain(entry.name) and entry.mode is not None and stat.S_ISREG(entry.mode)):
            made.odd += 1
        elif list(taken.get(entry.name, ()))[:2] == entry.mark:
            made.known.append(entry)
        else:
            before = list(waiting.get(entry.name, ()))
            since = min(before[2], now) if before[:2] == entry.mark else now
            made.waiting[entry.name] = [*entry.mark, since]
            if now - since >= still:
                made.due.append(entry)
    return made


def is_plain(name: str) -> bool:
    """Say whether a name stays in its folder and is fit to be shown and stored."""
    if name in {"", ".", ".."} or len(name) > _LONGEST_NAME:
        return False
    return name.isprintable() and not set("/\\") & set(name)


def matches(name: str, pattern: str) -> bool:
    """Say whether a name fits a pattern of *, ? and plain letters, of either case.

    It goes back to the last * only: the time grows with the product of both lengths.
    """
    name, pattern = name.lower(), pattern.lower()
    at = place = 0
    star, resume = -1, 0
    while at < len(name):
        if place < len(pattern) and pattern[place] == "*":
            star, resume = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("?", name[at]):
            place, at = place + 1, at + 1
        elif star >= 0:
            resume += 1
            place, at = star + 1, resume
        else:
            return False
    return not pattern[place:].strip("*")
