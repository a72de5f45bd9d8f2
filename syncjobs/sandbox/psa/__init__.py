"""Pinion PSA: projects, people, time and milestones, in PascalCase with page numbers."""
