"""The product in a real browser, started as a user starts it."""
