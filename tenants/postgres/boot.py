"""What a web or worker process looks at before it serves anything."""

import logging

from django.conf import settings
from django.db import connection

from tenants.postgres import pooler, roles

logger = logging.getLogger(__name__)


def check_at_start() -> None:
    """Say what is weaker, and refuse a pooler that mixes sessions.

    Raises DatabaseUnavailableError for such a pooler, so that the process ends at its start
    and not at its first request. A database that is not there yet is no reason to end:
    readiness tells it. Leaves no connection open, so it may run before a fork.
    """
    for text in roles.weaknesses():
        logger.warning(text)
    if settings.DATABASE_URL:
        pooler.refuse_transaction_mode(connection.get_connection_params())
