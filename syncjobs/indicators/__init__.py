"""What the rows say when they are counted: throughput, health, money, what needs somebody.

Read only. Every function takes `client_id`: None for all of the partner's clients.
"""
