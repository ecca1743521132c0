"""Audit: a signed, append-only log of every event of every topic, and what proves that it is whole."""
