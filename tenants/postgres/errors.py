"""What goes wrong below the ORM, in words that say what to do."""

from django.core.management.base import CommandError
from django.db.utils import OperationalError


class DatabaseUnavailableError(OperationalError, CommandError):
    """There is no usable database. The message says why and what to do.

    An OperationalError for code that copes with a lost database, and a CommandError so
    that a management command prints the message without a traceback.
    """


class ClusterError(DatabaseUnavailableError):
    """The embedded server can't be made, started or stopped."""
