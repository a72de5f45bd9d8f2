"""Engagements: what shares one common engagement identifier, and the four answers about each."""
