"""Tries a transaction again when the database ended it to resolve a deadlock."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

logger = logging.getLogger(__name__)
TRIES: Final = 5
Given = ParamSpec("Given")
Result = TypeVar("Result")


def is_deadlock(error: Exception) -> bool:
    """Say whether the database ended the transaction to resolve a deadlock."""
    return isinstance(error.__cause__, DeadlockDetected)


def again_after_deadlock(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Wrap a function that is one transaction of its own and may be repeated from its start.

    Inside another transaction nothing is repeated: that one is broken as a whole.
    """

    @wraps(function)
    def wrapped(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for left in range(TRIES - 1, -1, -1):
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                if not is_deadlock(error) or not left or connection.in_atomic_block:
                    raise
                logger.warning("%s met a deadlock; trying again", function.__name__)
        raise AssertionError("the last try returns or raises")

    return wrapped
