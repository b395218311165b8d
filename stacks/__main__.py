"""What `pulumi up` and `pulumi preview` run."""

import sys
from pathlib import Path

# The engine starts this file with only its own folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from stacks.program import main

main()
