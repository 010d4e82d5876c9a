"""`python -m sluicegate.broker MODULE:FUNCTION`."""

from __future__ import annotations

import gc
import sys

from sluicegate.broker.process import main

if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Everything goes with the process; the interpreter would look through all of it for cycles first.
    gc.freeze()
    sys.exit(code)
