"""Host names of partners' own: what a name may be, its states, and what DNS says. No database."""
