"""`python -m simulator`, the same as the commands `simulator` and `stickysim`."""

from __future__ import annotations

import contextlib
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from simulator.cli.streams import open_standard_descriptors

        open_standard_descriptors()
        from simulator.cli.main import run

        sys.exit(run())
    except (OSError, ImportError) as error:  # while the commands themselves are imported
        with contextlib.suppress(OSError, AttributeError):
            sys.stderr.write(f"cannot begin: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:  # before or after the command itself, which has its own way
        sys.exit(130)


if __name__ == "__main__":
    main()
