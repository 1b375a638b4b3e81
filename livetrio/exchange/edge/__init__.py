"""The edge of the exchange: streams outside, plain calls inside. All that waits for a client waits here.

http        HTTP/1.1 over any stream, until the client goes or asks for a WebSocket
routes      what is found at which path
websocket   one WebSocket client: reads, and calls a plain object with what it read
frames      the protocol's bytes, both ways, without I/O
outbox      what is on its way to one WebSocket client
line        one HTTP client's connection, and how it can be broken
faulty      an outbox whose messages pass by the faults that are on
streams     what a stream tells about its far end, and how to leave it
"""
