"""Template filters of change control."""
