"""The tests run as if they were started in a terminal, whoever has started them.

What was started by `nohup`, or in the background by a script, ignores SIGHUP or SIGINT, and so do all
processes that it starts: nothing that is about these signals could be tested there.
"""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
