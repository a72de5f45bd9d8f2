"""Test databases are made, copied and dropped by the owner, as the real one is."""

from typing import Any

from django.db.backends.postgresql.creation import DatabaseCreation as PostgresCreation

from tenants.postgres import roles


class DatabaseCreation(PostgresCreation):
    """Django's own, with the owner's role around whatever changes databases."""

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        with roles.as_owner(self.connection):
            return super().create_test_db(*args, **kwargs)

    def clone_test_db(self, *args: Any, **kwargs: Any) -> None:
        with roles.as_owner(self.connection):
            super().clone_test_db(*args, **kwargs)

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        with roles.as_owner(self.connection):
            super().destroy_test_db(*args, **kwargs)
