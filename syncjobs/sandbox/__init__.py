"""Systems to integrate with on one machine: a CRM, a PSA and an ERP as HTTP processes.

They behave as vendors' systems do (paging, cursors, tokens that expire, validation errors,
faults on request) and keep a ledger of every effect, so that a test or a demo can count what
was lost or doubled. Standard library only and no import of the product: a separate world.
"""
