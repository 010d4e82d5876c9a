"""`python -m sluicegate.broker MODULE:FUNCTION`."""

from __future__ import annotations

import gc
import sys

from sluicegate.broker.process import main

if __name__ == "__main__":
    # A trial leaves hundreds of objects behind and few of them in a cycle: looking for some every seven hundred objects
    # would take a twelfth of the run.
    gc.set_threshold(20_000, 20, 20)
    code = main(sys.argv[1:])
    # Everything goes with the process; the interpreter would look through all of it for cycles first.
    gc.freeze()
    sys.exit(code)
