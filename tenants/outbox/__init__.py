"""Mails that wait to be sent, and those that were: one table in each schema."""
