"""The owner's privileges for the one ORM operation that needs them: emptying tables."""

from collections.abc import Iterable

from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations

from tenants.postgres import roles


class DatabaseOperations(PostgresOperations):
    """Django's own, except that a flush (tests of several transactions) runs as the owner."""

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        """Empty the tables; append-only ones open for this transaction only."""
        # Imported here: Django loads the engine before any model can be defined.
        from governance.append_only import MAINTENANCE_SETTING

        with roles.owner_connection() as owner:
            owner.execute("SELECT set_config(%s, 'on', true)", [MAINTENANCE_SETTING])
            for statement in sql_list:
                owner.execute(statement.encode())
