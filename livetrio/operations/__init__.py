"""What people and machines see of a running engine, and how they tell it what to do.

config    OperationsConfig: the table [operations]
watched   Watched: an engine, as far as it is looked at
view      View: all of it at one moment, as plain values
look      look_at: makes a view
actions   what a person may ask for: pause, resume, halt, cancel all, flatten, stop
service   Operations: runs what is configured beside the engine's strategies

All of it reads the bus, the cache and the engine's parts; the actions are those that strategies and signals
have, too. What is not configured costs the engine nothing.
"""
