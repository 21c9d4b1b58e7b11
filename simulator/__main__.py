"""`python -m simulator`, the same as the commands `simulator` and `stickysim`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from simulator.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
