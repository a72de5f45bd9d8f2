"""The pure side of tiers, usage and statements, and what their pages share."""
