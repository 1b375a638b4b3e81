"""Engines: plain objects that take events in and bring cache and bus up to date. Nothing here waits."""
