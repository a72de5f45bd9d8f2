"""The database: an embedded server when none is given, and two roles on it."""
