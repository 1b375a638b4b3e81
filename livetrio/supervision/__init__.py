"""Supervision: every long-lived task of the engine, and how each is kept alive, replaced or ended."""
