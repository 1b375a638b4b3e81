"""The page of a running engine, its API, and the same API on a Unix socket beside the journal.

asked     Asked, Reply, Stream: what comes in and goes out
server    HttpServer: HTTP/1.1 over any stream, so that no client can hold the engine up
guard     Guard: who may look, and who may act
api       Api: what is at which path
plain     values as JSON
history   History: what was: prices, results and fills, as far as the page draws them
tasks     the tree of tasks
files     the page's own files
listen    the address of the page
control   the socket beside the journal

Nothing of it waits for a client: what is asked is answered by a plain call, and what a client does not take
in time ends its connection.
"""
