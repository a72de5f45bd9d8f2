"""Pages of people, tokens and clients, for staff and for a client's administrators alike."""
