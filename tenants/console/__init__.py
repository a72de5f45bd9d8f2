"""The operators' console and API, in the public schema."""
