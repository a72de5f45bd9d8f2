"""Mail under a partner's brand."""
