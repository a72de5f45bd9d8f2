"""Ledgerline ERP: customers, contracts, invoices and payments, with tokens that expire.

It is the strict one: it checks every amount to the cent, knows idempotency keys and ETags,
numbers invoices without gaps, and keeps double-entry books of what finance posts.
"""
