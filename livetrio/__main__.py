"""``python -m livetrio``, the same as the command ``livetrio``."""

from livetrio.app.cli import main

main()
