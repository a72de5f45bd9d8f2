"""Tryton: parties, opportunities, projects, time sheets, invoices and payments.

Tried against Tryton 8.2; the habits of its REST interface are in `docs/connectors.md`.
"""

from syncjobs.connectors.tryton.connector import Tryton

__all__ = ["Tryton"]
