"""Where the engine's processor time goes: exclusive time of named functions, in all threads."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import ModuleType
from typing import Any


class Stopwatch:
    """Adds up what wrapped functions take of their thread's processor, without what they call."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._adding = threading.Lock()
        self._of_thread = threading.local()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed as part `name`."""

        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            inner: list[float] = vars(self._of_thread).setdefault("inner", [])
            inner.append(0.0)
            begin = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.thread_time() - begin
                with self._adding:
                    self.seconds[name] += whole - inner.pop()
                if inner:
                    inner[-1] += whole

        return wrapped

    @contextmanager
    def on(self, *places: tuple[str, ModuleType | type, str]) -> Iterator[None]:
        """Time functions where they are looked up: (part, module or class, name)."""
        before = [(owner, name, getattr(owner, name)) for _, owner, name in places]
        for part, owner, name in places:
            setattr(owner, name, self.timed(part, getattr(owner, name)))
        try:
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)
