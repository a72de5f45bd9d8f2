"""Staff's pages of the partner itself: its domains."""
