"""The demo: two partners whose products look nothing alike, at work on running systems.

`manage.py demo` builds what is missing (a second run finds it), lets the workers do the job,
lets the clients' own finance people post and collect, and compares money on both sides.
"""
