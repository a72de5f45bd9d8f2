"""Pinion PSA: projects, people, time, expenses and milestones, in PascalCase with page numbers."""
