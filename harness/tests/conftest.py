"""The project's own tests: property tests draw the same examples in every run, whatever time they take, and an
interrupt interrupts.

A shell starts what it puts into the background with interrupts ignored, and a process inherits that; tests that send
one to a process they started would then wait for nothing.
"""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.load_profile("fixed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
