"""Set up everything that kokunai needs on one machine: `python3 tools/setup.py` (what `make setup` runs).

This file only finds the right Python and hands over to `setup_steps`; it must therefore be readable by any Python 3.7+,
and neither it nor they may import anything outside the standard library: there is no virtual environment yet.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WANTED = (3, 11)
NAME = "python3.11"


def main() -> int:
    if sys.version_info[:2] == WANTED:
        from setup_steps.main import main as set_up

        return set_up(sys.argv[1:])
    other = find_python()
    if other is not None:
        os.execv(other, [other, *sys.argv])
    sys.stderr.write(
        f"set-up: Python 3.11 is needed; this is {sys.version.split()[0]}, and no working {NAME} is on PATH\n"
        f"  → install it (Debian 12: apt-get install {NAME} {NAME}-venv) or put its directory on PATH\n"
    )
    return 2


def find_python() -> str | None:
    """The first python3.11 on PATH that really runs: version managers put launchers there that refuse."""
    question = f"import sys; sys.exit(sys.version_info[:2] != {WANTED})"
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        candidate = str(Path(directory, NAME))
        if os.access(candidate, os.X_OK):
            answer = subprocess.call([candidate, "-c", question], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if answer == 0:
                return candidate
    return None


if __name__ == "__main__":
    sys.exit(main())
