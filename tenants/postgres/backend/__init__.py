"""The database engine `tenants.postgres.backend`."""
