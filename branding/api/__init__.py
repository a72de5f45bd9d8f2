"""API of tiers, usage and statements."""
