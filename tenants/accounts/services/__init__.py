"""One function per change to people, clients and tokens."""
