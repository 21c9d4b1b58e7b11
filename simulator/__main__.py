"""`python -m simulator`, the same as the commands `simulator` and `stickysim`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from simulator.cli.main import run

        sys.exit(run())
    except KeyboardInterrupt:  # before or after the command itself, which has its own way
        sys.exit(130)


if __name__ == "__main__":
    main()
