"""API of clients."""
