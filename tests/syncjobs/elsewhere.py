"""Another session, as a web process has one, for tests."""

import threading
from collections.abc import Callable

from django.db import connection

from tenants.context import current_schema, schema_scope


class Elsewhere(threading.Thread):
    """Does work in a session of its own, in the schema that is entered."""

    def __init__(self, work: Callable[[], object], schema: str) -> None:
        super().__init__()
        self._work, self._schema = work, schema
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            with schema_scope(self._schema):
                self._work()
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def end(self) -> None:
        """Wait for its end. Raises what the work raised."""
        self.join(30)
        assert not self.is_alive(), "it still waits"
        if self.error is not None:
            raise self.error


def elsewhere(work: Callable[[], object], schema: str = "") -> None:
    """Do it in another session and wait for its end. schema: for threads that have none."""
    Elsewhere(work, schema or current_schema()).end()
