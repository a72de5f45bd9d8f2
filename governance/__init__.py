"""Audit trail and change control. Knows no other app: higher apps register with it."""
