"""`python -m skmusic` is the command `skmusic`."""

import sys

from skmusic.cli import main

# joblib's worker processes import this module again; they must not compose.
if __name__ == "__main__":
    sys.exit(main())
