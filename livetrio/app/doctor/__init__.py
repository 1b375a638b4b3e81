"""`livetrio doctor`: whether a configuration could be run here and now, and what to do where it could not.

check     Check: one thing that was looked at, and what was found
network   the way to each venue: names, connections, TLS, latency, clocks, WebSockets
account   whether key, account and money belong together, and how much may be sent
disk      where the journal lies
machine   Python and packages
doctor    examine: all of it
"""
