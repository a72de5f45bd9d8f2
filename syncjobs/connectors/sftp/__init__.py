"""Files that a client's system drops in a folder: fetched by SFTP, taken in like uploaded ones."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from syncjobs.connectors.base import Budget, Check, ConnectionField, Descriptor
from syncjobs.connectors.errors import Config
from syncjobs.connectors.files import (
    HOLDS,
    OBJECTS,
    PATTERN,
    SFTP,
    STANDS_FOR,
    every,
)
from syncjobs.connectors.files.fetching import Fetched, stepwise, try_files
from syncjobs.connectors.files.folder import Entry
from syncjobs.connectors.sftp.session import Place, Session

LEAVE, MOVE = "leave", "move"
# Between two looks at a file that may still be written to.
STILL_SECONDS: Final = 20
_STEPS: Final = (
    *("Reach the server", "Key of the server", "Sign in", "List the folder", "Read a file"),
)

DESCRIPTOR: Final = Descriptor(
    key=SFTP,
    label="Files by SFTP",
    kind="files",
    summary="CSV, Excel (.xlsx) and JSON Lines files, fetched from a folder on an SFTP server.",
    config_fields=(
        STANDS_FOR,
        HOLDS,
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
        PATTERN,
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
        every("A file is taken in when two looks show it the same."),
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


class Sftp(Fetched):
    """A folder of a server.

    A file is moved after its page was stored: one that its reader died over is moved later.
    """

    descriptor = DESCRIPTOR

    def __init__(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
    ) -> None:
        super().__init__(config, secret, budget=budget)
        text = self._text
        port = text.get("port", "")
        if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65_536):
            raise Config("Port: give a number from 1 to 65535.")
        if not (secret.get("password") or secret.get("private_key")):
            raise Config("Give a password or a private key.")
        if text.get("after") == MOVE and text.get("done", "") in {"", ".", text.get("folder")}:
            raise Config("Move to: name another folder.")
        self._place = Place(
            host=text.get("host", ""),
            port=int(port),
            user=text.get("user", ""),
            password=str(secret.get("password", "")),
            private_key=str(secret.get("private_key", "")),
            host_key=text.get("host_key", "").rstrip("="),
        )

    def check(self) -> list[Check]:
        """Reach the server, know it, sign in, list the folder, read a file of it."""
        return stepwise(_STEPS, self._tried())

    def _tried(self) -> Iterator[str]:
        with closing(Session(self._place)) as session:
            shown = session.greet()
            yield "The server answers."
            self._know(shown)
            yield f"It is the confirmed one: {shown}."
            session.sign_in()
            yield "The credentials are accepted."
            yield from try_files(self._folder(session), self._pattern)

    @contextmanager
    def opened(self) -> Iterator["_Folder"]:
        """Sign in to a server that is the confirmed one."""
        with closing(Session(self._place)) as session:
            self._know(session.greet())
            session.sign_in()
            yield self._folder(session)

    def _folder(self, session: Session) -> "_Folder":
        done = self._text["done"] if self._text.get("after") == MOVE else ""
        return _Folder(session, self._text.get("folder", ""), done, STILL_SECONDS)

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


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the server. `done`: where its files go once they are stored, if anywhere."""

    session: Session
    path: str
    done: str
    still: int

    def entries(self) -> list[Entry]:
        """List it."""
        return self.session.entries(self.path)

    def content(self, entry: Entry) -> bytes:
        """Return a listed file."""
        return self.session.content(self.path, entry)

    def taken_in(self, name: str, modified: int) -> None:
        """Move it, where it should not stay."""
        if self.done:
            self.session.move(self.path, name, self.done, modified)
