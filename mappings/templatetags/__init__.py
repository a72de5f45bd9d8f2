"""Template tags of mappings."""
