"""Clover CRM: accounts, contacts and opportunities, in camelCase with cursors."""
