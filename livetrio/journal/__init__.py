"""The journal: what must survive a crash, in one file of SQLite.

    journal       Journal: records, commits, and remembers at the next start (JournalState, in `state`)
    reading       what a journal says, for people and commands, while an engine writes it
    schema        the tables, column by column; `event_rows`: what happened to orders
    file, lock    how it is made and opened, and that one process has it
    inspection    what a file is, before SQLite touches it; `wal`: how far its log can be believed
    failures      what SQLite says, in livetrio's errors
    aside         room for a new one

The tables, for whoever asks with ``sqlite3`` (when no engine runs: it lets nobody else in). Prices and sizes
are text with every digit, instants UTC nanoseconds, flags 0 or 1; what is not known is NULL.

    orders        one row an order, as it stands: client_order_id, venue_order_id, strategy, instrument, side,
                  type, quantity, price, trigger_price, time_in_force, post_only, reduce_only, status, filled,
                  average_price, reason, revision, pending_revision, is_canceling, ts_init, ts_submitted,
                  ts_event, expires
    order_events  what happened to them: client_order_id, run, number (together the order in which), kind
                  (OrderAccepted, …), previous, status, reason, quantity, price, trigger_price (of an update),
                  fill_id, ts_event, ts_init
    fills         once each: fill_id, venue_order_id, client_order_id, revision, instrument, side, price,
                  quantity, fee, fee_currency, liquidity, realized_pnl, position_before, note, ts_event,
                  ts_init, strategy
    timelines     when our orders came past each stage (`livetrio.model.timeline`): client_order_id, decided,
                  and in nanoseconds since then heard, passed, acknowledged, first_fill, cancel_asked,
                  closed, requests (JSON: revision, kind, signed, journaled, sent, answered of each),
                  changes (JSON: revision, heard, decided, passed of each); left_out, is_partial.
                  Journals of earlier versions lack it
    fundings      once each: instrument, amount, currency, rate, quantity, ts_event, ts_init, payment_id
    requests      signed, and about to leave: nonce, run, number, kind, client_order_ids (JSON), expires, ts
    states        small state, as it is now: kind, key, value (JSON)
    runs          run, started, stopped, ended (NULL: killed), pid, version, torn_bytes
    about         journal_id, made, made_by

    SELECT strategy, sum(fee) FROM fills GROUP BY strategy;
    SELECT * FROM orders WHERE status = 'unknown';
"""
