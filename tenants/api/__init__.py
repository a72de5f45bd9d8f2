"""API of the partner's domains."""
