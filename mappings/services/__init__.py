"""One function per change to mappings, and the preview."""
