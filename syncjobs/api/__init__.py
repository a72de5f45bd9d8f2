"""API of connections, workflows, runs, records, deliveries and exceptions."""
