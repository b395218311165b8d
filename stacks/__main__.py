"""What `pulumi up` and `pulumi preview` run."""

import sys
from importlib import import_module
from pathlib import Path

# The engine starts this file with its own folder on the path, where our modules would hide others of the same name, and
# without the project's.
HERE = Path(__file__).resolve().parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if entry != str(HERE))]
import_module("stacks.program").main()
