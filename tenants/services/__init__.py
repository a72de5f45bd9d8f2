"""One function per change to partners, their hosts and their schemas."""
