"""A process that must not outlive its parent.

The engine may be killed (`kill -9`, out of memory, a closed laptop) without a word to its plugins; a plugin that stays
behind holds memory and ports for ever. `end_with_parent` is called by each plugin for itself;
`python -m rehearsal.lifeline TARGET …` runs somebody else's Python program (a policy pack) under the same rule.
Not a supervisor: nothing is restarted, and what the parent *does* say (signals, RPCs) is the plugin's own business.
"""

from __future__ import annotations

import os
import runpy
import select
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.5


def end_with_parent(farewell: Callable[[], None] = lambda: None) -> None:
    """Leave as soon as the process that started this one is gone, after calling `farewell`. Returns at once."""
    parent = os.getppid()

    def watch() -> None:
        _wait_for_death(parent)
        farewell()
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def _wait_for_death(parent: int) -> None:
    if hasattr(os, "pidfd_open"):
        try:
            descriptor = os.pidfd_open(parent)
        except ProcessLookupError:
            return
        except OSError:
            pass  # a kernel or sandbox without pidfd: poll
        else:
            # The parent may have died, and its number been taken, between getppid and pidfd_open.
            if os.getppid() == parent:
                select.select([descriptor], [], [])
            return
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)


def main(arguments: list[str]) -> None:
    """Run `arguments[0]`, a module's name or a path as `python` takes it, with the rest as its arguments."""
    target = arguments[0]
    end_with_parent()
    sys.argv = list(arguments)
    if os.sep in target or Path(target).exists():
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
