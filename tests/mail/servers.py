"""A mail server in this process that does what a test tells it to, well or badly."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

Say = Callable[[str], None]


@dataclass
class Script:
    """What the server answers: `replies` by verb, in place of its usual ones.

    `hang`: the verb (or "greeting") after which it says nothing any more. `close_in_data`: ends
    the connection in the middle of the mail. `drip`: it says one sign a second, without end.
    `flood`: it never stops talking.
    """

    replies: dict[str, str] = field(default_factory=dict)
    offers: tuple[str, ...] = ("AUTH PLAIN", "8BITMIME")
    hang: str = ""
    close_in_data: bool = False
    drip: bool = False
    flood: bool = False
    mails: list[tuple[str, str, bytes]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def _upper(line: str) -> str:
    """The line with its verb in capitals: clients write it as they like."""
    verb, _, rest = line.partition(" ")
    return f"{verb.upper()} {rest}"


class _Talk(socketserver.StreamRequestHandler):
    sender = to = ""

    @property
    def script(self) -> Script:
        return cast("_Server", self.server).script

    def handle(self) -> None:
        try:
            self._handle()
        except OSError:
            return

    def _handle(self) -> None:
        script = self.script
        if script.drip:
            while not script.over.wait(0.05):
                self.wfile.write(b"2")
            return
        while script.flood:
            self.wfile.write(b"220-" + b"x" * 400 + b"\r\n")
        if self._stays_silent("greeting"):
            return
        self._say(script.replies.get("greeting", "220 ready"))
        while line := self.rfile.readline():
            text = line.decode("latin-1").strip()
            script.heard.append(_upper(text))
            verb = text.split(" ")[0].upper()
            if self._stays_silent(verb) or not self._answer(verb, text):
                return

    def _stays_silent(self, verb: str) -> bool:
        if self.script.hang == verb:
            self.script.over.wait(30)
            return True
        return False

    def _answer(self, verb: str, text: str) -> bool:
        script = self.script
        if verb in script.replies:
            self._say(script.replies[verb])
        elif verb == "EHLO":
            lines = ["here", *script.offers]
            for number, one in enumerate(lines, start=1):
                self._say(f"250{' ' if number == len(lines) else '-'}{one}")
        elif verb == "AUTH":
            self._say("235 welcome")
        elif verb == "DATA":
            return self._data()
        elif verb == "QUIT":
            self._say("221 bye")
            return False
        else:
            if verb == "MAIL":
                self.sender = _upper(text)
            if verb == "RCPT":
                self.to = _upper(text)
            self._say("250 ok")
        return True

    def _data(self) -> bool:
        self._say("354 go on")
        if self.script.close_in_data:
            self.rfile.readline()
            return False
        parts = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            parts.append(line)
        if "end of data" in self.script.replies:
            self._say(self.script.replies["end of data"])
            return True
        self.script.mails.append((self.sender, self.to, b"".join(parts)))
        self._say("250 taken")
        return True

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        self.script = script
        super().__init__(("127.0.0.1", 0), _Talk)


@contextmanager
def serving(script: Script) -> Iterator[int]:
    """Run the server; yields its port on 127.0.0.1."""
    server = _Server(script)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        script.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
