"""Tally Revenue: takes evidence of work under a contract and recognises revenue."""
