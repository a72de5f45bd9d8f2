"""From a row to a record as the pure parts see it."""

from syncjobs.models import CanonicalRecord
from syncjobs.neighbours import Known


def known(record: CanonicalRecord) -> Known:
    """Return a row as gates and mappings see it."""
    return Known(record.type, record.key, record.data, record.version, record.deleted, record.pk)
