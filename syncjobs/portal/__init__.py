"""The engine in the client portal."""
