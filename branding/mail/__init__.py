"""Mail under a partner's brand."""

from branding.mail.sending import send_branded

__all__ = ["send_branded"]
