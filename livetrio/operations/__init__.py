"""What people and machines see of a running engine, and how they tell it what to do.

config    OperationsConfig: the table [operations]
watched   Watched: an engine, as far as it is looked at
view      View: all of it at one moment, as plain values
look      look_at: makes a view
timelines an order's timeline, told to people and programs
actions   what a person may ask for: pause, resume, halt, cancel all, flatten, stop
health    whether the engine lives, and why it is not ready to trade
metrics   exposition: the numbers, for Prometheus; those that others keep, and those of
measures  Measures: what is counted only while somebody wants to know it: handler_times, loop_times, slow,
          order_delays, collector_pauses; histogram
systemd   Systemd: ready, alive, stopping, for the service manager
http      the page, its API, and the same API on a socket beside the journal
alerts    what people are told of, wherever they are
service   Operations: runs what is configured beside the engine's strategies

All of it reads the bus, the cache and the engine's parts; the actions are those that strategies and signals
have, too. What is not configured costs the engine nothing.
"""
