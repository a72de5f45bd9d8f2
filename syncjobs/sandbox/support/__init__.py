"""Beacon Desk: support cases and their escalations."""
