"""Gives a whole answer, its headers included, one limit of time.

A socket's time-out begins anew with every byte: a system that sends one now and then would hold
a worker for as long as it likes.
"""

import http.client
import io
import time
from functools import partial
from typing import Any


class _Limited(io.RawIOBase):
    """Reads from `raw` until `seconds` have passed; after that it raises TimeoutError."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        super().__init__()
        self._raw, self._until = raw, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._until:
            raise TimeoutError("The answer took too long.")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, *args: Any, seconds: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fp = io.BufferedReader(_Limited(self.fp.detach(), seconds))


def limit_answers(pool: Any, seconds: float) -> None:
    """Let an answer over any connection that `pool` makes from now on take no longer than this.

    pool: one of urllib3's, for http or https.
    """
    known: Any = pool.ConnectionCls
    if "response_class" not in vars(known):
        made = {"response_class": partial(_Response, seconds=seconds)}
        pool.ConnectionCls = type(known.__name__, (known,), made)
