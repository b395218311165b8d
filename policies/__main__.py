"""What the engine starts: `python -m pulumi.policy <engine> policies`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from policies.pack import serve  # noqa: E402  the project's root must be importable first

serve()
