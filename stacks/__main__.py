"""What `pulumi up` and `pulumi preview` run."""

import sys
from pathlib import Path

# The engine puts this folder on the path, where a module of it would shadow one of the standard library; the rooms'
# common parent belongs there instead.
_here = Path(__file__).resolve().parent
sys.path[:] = [str(_here.parent), *(entry for entry in sys.path if Path(entry).resolve() != _here)]

from stacks.program import main  # noqa: E402

main()
