"""Ledgerline ERP: customers, contracts, tax codes, invoices with lines, payments."""

from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.sandbox_erp.descriptor import SYSTEM


class LedgerlineErp(RestConnector):
    """Everything about it is in its descriptor."""

    system = SYSTEM
