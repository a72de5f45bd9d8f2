"""The client's pages of usage and statements."""
