"""Bodies that arrive whole, or not at all.

A caller whose connection breaks sends less than it told. The server's and the library's readers
take that for the end, and half a form would be half a mapping, saved as if it were all.
"""

from typing import Protocol
from wsgiref.types import WSGIEnvironment

from django.core.exceptions import BadRequest


class Stream(Protocol):
    """What a body is read from."""

    def read(self, size: int = -1, /) -> bytes: ...

    def readline(self, size: int = -1, /) -> bytes: ...


class WholeBody:
    """Reads a body of a told length; raises BadRequest where it ends before."""

    def __init__(self, stream: Stream, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int = -1, /) -> bytes:
        """Return the next `size` bytes, or all that are left."""
        wanted = self._left if size < 0 else min(size, self._left)
        return self._counted(self._stream.read(wanted), wanted)

    def readline(self, size: int = -1, /) -> bytes:
        """Return the rest of a line, `size` bytes of it at most."""
        wanted = self._left if size < 0 else min(size, self._left)
        found = self._stream.readline(wanted)
        return self._counted(found, len(found) if found.endswith(b"\n") else wanted)

    def _counted(self, found: bytes, wanted: int) -> bytes:
        if len(found) < wanted:
            raise BadRequest("The connection ended before the body did.")
        self._left -= len(found)
        return found


def take_whole(environ: WSGIEnvironment) -> None:
    """Let a request's body be read whole, where its length was told."""
    length = environ.get("CONTENT_LENGTH", "")
    if length.isascii() and length.isdigit():
        environ["wsgi.input"] = WholeBody(environ["wsgi.input"], int(length))
