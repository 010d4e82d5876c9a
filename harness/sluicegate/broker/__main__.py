"""`python -m sluicegate.broker MODULE:FUNCTION`."""

from __future__ import annotations

import sys

from sluicegate.broker.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
