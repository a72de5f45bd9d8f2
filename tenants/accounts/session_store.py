"""Sessions in the schema's own table: Django's store, with its question written out."""

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone


class SessionStore(DatabaseStore):
    """Reads a session with one plain statement: every request of somebody signed in does."""

    def _get_session_from_db(self) -> Session | None:
        rows = connection.read_prepared(  # type: ignore[attr-defined]  # the tenant backend's
            "SELECT session_key, session_data, expire_date FROM django_session "
            "WHERE session_key = %s AND expire_date > %s",
            [self.session_key, timezone.now()],
        )
        if not rows:
            self._session_key = None
            return None
        return Session.from_db("default", ["session_key", "session_data", "expire_date"], rows[0])
