"""Files that a client's system drops in a folder: fetched by SFTP, taken in like uploaded ones."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final

from syncjobs.connectors.base import (
    Budget,
    Check,
    ConnectionField,
    Descriptor,
    FoundFile,
    Page,
)
from syncjobs.connectors.errors import Config, ConnectorError, Permanent
from syncjobs.connectors.files import HELD, OBJECTS, SFTP, STANDS_FOR, OnlyRead, require_kind
from syncjobs.connectors.sftp.folder import Entry, Plan, plan
from syncjobs.connectors.sftp.session import Changing, Place, Refused, Session
from syncjobs.sheets import MAX_BYTES, BadSheet, read_sheet

LEAVE, MOVE = "leave", "move"
_EVERY: Final = (
    ("5", "5 minutes"),
    ("15", "15 minutes"),
    ("60", "hour"),
    ("360", "6 hours"),
    ("1440", "day"),
)
_UNTRIED: Final = "Not tried, because an earlier test failed."
_REACH, _KEY, _SIGN_IN, _FOLDER, _FILE = (
    *("Reach the server", "Key of the server", "Sign in", "List the folder", "Read a file"),
)

DESCRIPTOR: Final = Descriptor(
    key=SFTP,
    label="Files by SFTP",
    kind="files",
    summary="CSV, Excel (.xlsx) and JSON Lines files, fetched from a folder on an SFTP server.",
    config_fields=(
        STANDS_FOR,
        ConnectionField(
            name="object",
            label="What the files hold",
            kind="choice",
            choices=tuple((one.name, one.label) for one in HELD.values()),
            default="time_entry",
            help="One kind of record; another kind needs a connection of its own.",
        ),
        ConnectionField(name="host", label="Server", help="Its name, such as sftp.example.com."),
        ConnectionField(
            name="port", label="Port", kind="integer", default="22", help="22, as a rule."
        ),
        ConnectionField(name="user", label="User", help="Who signs in there."),
        ConnectionField(
            name="host_key",
            label="Key of the server",
            required=False,
            help="Its fingerprint, SHA256:… Leave it empty at first: the test shows it. Compare "
            "it with what the server's people say, then enter it here. Before that, no "
            "credentials are sent.",
        ),
        ConnectionField(name="folder", label="Folder", help="Such as /exports/time."),
        ConnectionField(
            name="pattern",
            label="File names",
            default="*.csv",
            help="* stands for any letters, ? for one. Names that end in .part or .tmp wait.",
        ),
        ConnectionField(
            name="after",
            label="When a file is taken in",
            kind="choice",
            choices=((LEAVE, "Leave it there, and remember it"), (MOVE, "Move it")),
            default=LEAVE,
            help="A file that was taken in is never taken in again, unless it changes.",
        ),
        ConnectionField(
            name="done",
            label="Move to",
            required=False,
            default="done",
            help="A folder that is there already; files get their time before their name there.",
        ),
        ConnectionField(
            name="every_minutes",
            label="Look every",
            kind="choice",
            choices=_EVERY,
            default="15",
            help="A file is taken in when two looks show it the same.",
        ),
    ),
    secret_fields=(
        ConnectionField(
            name="password",
            label="Password",
            kind="secret",
            required=False,
            help="Or a private key below.",
        ),
        ConnectionField(
            name="private_key",
            label="Private key",
            kind="key",
            required=False,
            help="Ed25519, ECDSA or RSA, without a passphrase: it is encrypted here.",
        ),
    ),
    objects=OBJECTS,
    writes_idempotent=False,
    fetches=True,
)


class Sftp(OnlyRead):
    """Each reading and each test is a session of its own."""

    descriptor = DESCRIPTOR

    def __init__(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
    ) -> None:
        require_kind(config)
        text = {name: str(value).strip() for name, value in config.items()}
        port = text.get("port", "")
        if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65_536):
            raise Config("Port: give a number from 1 to 65535.")
        if not (secret.get("password") or secret.get("private_key")):
            raise Config("Give a password or a private key.")
        if text.get("after") == MOVE and text.get("done", "") in {"", ".", text.get("folder")}:
            raise Config("Move to: name another folder.")
        self._text, self._budget = text, budget
        self._folder, self._pattern = text.get("folder", ""), text.get("pattern", "")
        self._place = Place(
            host=text.get("host", ""),
            port=int(port),
            user=text.get("user", ""),
            password=str(secret.get("password", "")),
            private_key=str(secret.get("private_key", "")),
            host_key=text.get("host_key", "").rstrip("="),
        )

    def close(self) -> None:
        """Nothing is open between two readings."""

    def check(self) -> list[Check]:
        """Reach the server, know it, sign in, list the folder, read a file of it."""
        done: list[Check] = []
        names = [_REACH, _KEY, _SIGN_IN, _FOLDER, _FILE]
        try:
            for message in self._tried():
                done.append(Check(names[len(done)], ok=True, message=message))
        except ConnectorError as error:
            done.append(Check(names[len(done)], ok=False, message=error.message))
        left = names[len(done) :]
        return [*done, *(Check(one, ok=False, message=_UNTRIED, untried=True) for one in left)]

    def _tried(self) -> Iterator[str]:
        with closing(self._session()) as session:
            shown = session.greet()
            yield "The server answers."
            self._know(shown)
            yield f"It is the confirmed one: {shown}."
            session.sign_in()
            yield "The credentials are accepted."
            entries = session.entries(self._folder)
            made = plan(entries, self._pattern, {}, {}, 0)
            count = len(made.waiting)
            yield f"{count} of {len(entries)} names there fit {self._pattern}."
            fit = [one for one in entries if one.name in made.waiting and one.size <= MAX_BYTES]
            if not fit:
                yield "There is none yet; each is tried when it comes."
                return
            try:
                session.content(self._folder, fit[0])
            except Refused as error:
                raise Permanent(f"{fit[0].name}: {error}") from error
            except Changing:
                yield f"{fit[0].name} is being written just now."
                return
            yield f"{fit[0].name} can be read."

    def read(
        self,
        object: str,  # noqa: A002  the domain's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        """Give each new file once; the cursor remembers what was given and what waits.

        A file is moved after its page was stored: one that its reader died over is moved later.
        """
        if object != self._text.get("object"):
            yield Page((), cursor or {}, last=True, note="The folder holds something else now.")
            return
        with closing(self._session()) as session:
            self._know(session.greet())
            session.sign_in()
            yield from self._files(session, dict(cursor or {}))

    def _files(self, session: Session, cursor: dict[str, Any]) -> Iterator[Page]:
        entries = session.entries(self._folder)
        known, waited = cursor.get("taken", {}), cursor.get("waiting", {})
        made = plan(entries, self._pattern, known, waited, int(time.time()))
        # What is gone from the folder is forgotten; its rows are known by their content.
        taken = {one.name: known[one.name] for one in made.known}
        waiting = made.waiting
        if made.due:
            # Keeps the stream while files are read.
            yield _page(taken, waiting)
        read = 0
        for entry in made.due:
            found = self._found(session, entry)
            if found is None:
                waiting = {**waiting, entry.name: [*entry.mark, int(time.time())]}
                continue
            read += 1
            taken = {**taken, entry.name: [*entry.mark, bool(found.problem)]}
            waiting = {name: one for name, one in waiting.items() if name != entry.name}
            yield _page(taken, waiting, file=found)
        unusable = [name for name, mark in taken.items() if mark[2]]
        if self._text.get("after") == MOVE:
            for name in sorted(taken.keys() - set(unusable)):
                session.move(self._folder, name, self._text["done"], taken[name][1])
        note = _note(made, read, len(waiting), len(unusable), self._pattern)
        yield _page(taken, waiting, last=True, note=note, unusable=tuple(unusable))

    def _found(self, session: Session, entry: Entry) -> FoundFile | None:
        """Return a file, or why it is of no use; None where it is still being written."""
        if entry.size > MAX_BYTES:
            most = MAX_BYTES // 1024 // 1024
            return FoundFile(entry.name, problem=f"It is larger than {most} MB: split it.")
        if self._budget is not None:
            self._budget.take()
        try:
            content = session.content(self._folder, entry)
            read_sheet(entry.name, content)
        except (Refused, BadSheet) as error:
            return FoundFile(entry.name, problem=str(error))
        except Changing:
            return None
        return FoundFile(entry.name, content)

    def _session(self) -> Session:
        return Session(self._place)

    def _know(self, shown: str) -> None:
        """Raise Config unless the server's key is the one that a person confirmed."""
        confirmed = self._place.host_key
        if not confirmed:
            raise Config(
                f"The server shows the key {shown}. Compare it with what its people say, then "
                "enter it under “Key of the server”. No credentials were sent."
            )
        if shown.rstrip("=") != confirmed:
            raise Config(
                f"The server shows another key than the confirmed one: {shown}. It may be another "
                "server. Ask its people, and enter the new key only when they confirm it. No "
                "credentials were sent."
            )


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
