"""`python -m confguard`."""

import sys

from confguard.cli import main

if __name__ == "__main__":
    sys.exit(main())
