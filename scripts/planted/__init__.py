"""Planted bugs: does the simulation find what it is there to find?

Known bugs of trading engines are put into this one, one at a time, and worlds are run until one of them
breaks an invariant. A bug that no world shows is a hole in the simulation. See `scripts/planted --help`.
"""
