"""Pages of mappings: the list and the editor for staff, reading for clients."""
