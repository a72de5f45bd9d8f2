"""The editor's view of a document: rows of a form, and back. Pure."""
