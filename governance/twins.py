"""The second of two who save the same at one moment is refused in words, as one who comes later."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation


@contextmanager
def refusing_twins(refusal: ValidationError) -> Iterator[None]:
    """Raise `refusal` if what is saved in here was saved by somebody else since it was checked."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise refusal from error
        raise
