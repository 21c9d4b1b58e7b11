"""The version of this program, for everything that it writes down (and `simulator.__version__`)."""

from typing import Final

VERSION: Final = "0.1.0"
