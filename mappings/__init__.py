"""Canonical objects, the mapping engine, mappings and their versions."""
