"""What every log line carries: the partner's schema and the correlation id."""

import logging

from django.db import connection

from governance import correlation


class ContextFilter(logging.Filter):
    """Adds `schema` and `correlation` to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.schema = getattr(connection, "schema_name", None) or "-"
        record.correlation = correlation.current().correlation_id
        return True
