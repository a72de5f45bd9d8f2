"""API of mappings."""
