"""Child processes of tests: they import what the test imports, the installed package where that is tested."""

import os
import sys


def environment(*folders, **more):
    """The environment of a child process that finds modules where this one does, and before that in some folders."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, folders), *sys.path]), **more}
