"""`migrate` is `migrate_schemas`: there is no migrating of one schema by accident."""

from tenants.management.commands.migrate_schemas import Command

__all__ = ["Command"]
