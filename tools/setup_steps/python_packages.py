"""`.venv`: the environment, the locked packages, and kokunai itself, each only when it is not there yet.

pip is called with the user's own settings. Files are not byte-compiled at installation: Python does that on first use,
for the few modules that are used, which saves 600 MB and most of the time.
"""

from __future__ import annotations

import csv
import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from . import diagnosis, stamps
from .checkout import Checkout
from .client import ClientFailed
from .step import Effects, Step

_PIP = ("-I", "-m", "pip", "--no-input", "--disable-pip-version-check")
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)
_NO_MATCH = re.compile(r"No matching distribution found for (\S+==\S+)")
_WORTH_SHOWING = re.compile(r"^\s*(?:Collecting|Downloading|Installing|Successfully|WARNING)\b")


def steps(checkout: Checkout) -> list[Step]:
    """What is still to do, in order; empty when all of it stands."""
    todo: list[Step] = []
    anew = not venv_stands(checkout)
    if anew:
        todo.append(Step("virtual environment", "Python", lambda effects: _create(checkout, effects)))
    if anew or stamps.read(_packages_stamp(checkout)).get("digest") != _packages_digest(checkout):
        todo.append(
            Step(
                "Python packages",
                "the package index",
                lambda effects: _install(checkout, effects),
                disk_mb=(("checkout", 750), ("temporary", 150)),
            )
        )
    if anew or stamps.read(_project_stamp(checkout)).get("digest") != _project_digest(checkout):
        todo.append(Step("kokunai itself", "pip", lambda effects: _install_itself(checkout, effects)))
    return todo


def can_create() -> bool:
    """Debian ships Python without ensurepip, and `python -m venv` needs it."""
    spec = importlib.util.find_spec("ensurepip")
    return spec is not None and spec.origin is not None  # a leftover empty directory has no origin


def venv_stands(checkout: Checkout) -> bool:
    """Whether `.venv` is a Python 3.11 environment with pip, made for this very path (its scripts contain the path)."""
    settings = _settings(checkout.venv)
    made_for = Path(settings.get("command", "").rpartition(" ")[2])
    site = _site(checkout)
    return (
        settings.get("version", "").startswith("3.11.")
        and made_for.is_absolute()
        and made_for.exists()
        and made_for.samefile(checkout.venv)
        and (checkout.venv / "bin" / "python").exists()
        and (site / "pip" / "__init__.py").exists()
        and not any(dist.name.startswith("pip-") for dist in _half_installed(site, only="pip-"))
    )


def _create(checkout: Checkout, effects: Effects) -> str:
    interpreter = getattr(sys, "_base_executable", sys.executable)
    try:
        effects.clients.run(
            [interpreter, "-m", "venv", "--clear", str(checkout.venv)],
            log="venv",
            note=effects.note,
            cwd=checkout.root,
        )
    except ClientFailed as failure:
        raise diagnosis.fault("virtual environment", "python -m venv", diagnosis.PIP, failure) from failure
    return f"Python {_settings(checkout.venv).get('version', '3.11')}"


def _install(checkout: Checkout, effects: Effects) -> str:
    """Install the lock; what an earlier lock named and this one does not goes, what the user added stays."""
    stamp = _packages_stamp(checkout)
    before = set(stamps.read(stamp).get("packages", []))
    stamp.unlink(missing_ok=True)
    for half in list(_half_installed(_site(checkout))):
        shutil.rmtree(half)
    _pip(
        checkout,
        effects,
        "Python packages",
        ["install", "--no-compile", "--only-binary=:all:", "--require-hashes", "-r", str(checkout.requirements)],
        log="python-packages",
    )
    names = {_canonical(name) for name in _PINNED.findall(checkout.requirements.read_text(encoding="utf-8"))}
    gone = sorted(before - names)
    if gone:
        _pip(checkout, effects, "Python packages", ["uninstall", "--yes", *gone], log="python-packages-gone")
    stamps.write(stamp, {"digest": _packages_digest(checkout), "packages": sorted(names)})
    return f"{len(names)} packages"


def _install_itself(checkout: Checkout, effects: Effects) -> str:
    _project_stamp(checkout).unlink(missing_ok=True)
    _pip(
        checkout,
        effects,
        "kokunai itself",
        ["install", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(checkout.root)],
        log="kokunai",
    )
    stamps.write(_project_stamp(checkout), {"digest": _project_digest(checkout)})
    return ""


def _pip(checkout: Checkout, effects: Effects, step: str, arguments: list[str], *, log: str) -> None:
    try:
        _run_pip(checkout, effects, arguments, log=log)
    except ClientFailed as failure:
        told = _ask_why(checkout, effects, failure, log=log)
        raise diagnosis.fault(step, "pip", diagnosis.PIP, told) from failure


def _ask_why(checkout: Checkout, effects: Effects, failure: ClientFailed, *, log: str) -> ClientFailed:
    """pip says "no matching distribution" whatever the index answered; asked for that one alone, it says more."""
    refused = [match[1] for words in failure.words if (match := _NO_MATCH.search(words))]
    if not refused:
        return failure
    try:
        question = ["install", "-vv", "--dry-run", "--ignore-installed", "--no-deps", refused[-1]]
        _run_pip(checkout, effects, question, log=log, append=True)
    except ClientFailed as answer:
        return answer
    return failure


def _run_pip(checkout: Checkout, effects: Effects, arguments: list[str], *, log: str, append: bool = False) -> None:
    def note(line: str) -> None:
        if _WORTH_SHOWING.match(line):
            effects.note(line)

    python = str(checkout.venv / "bin" / "python")
    effects.clients.run([python, *_PIP, *arguments], log=log, note=note, cwd=checkout.root, append=append)


def _half_installed(site: Path, only: str = "") -> Iterator[Path]:
    """Packages whose installation was cut off: pip would take them for installed, so their records have to go.

    Whole means: every file that the record lists is there with the size that the record gives.
    """
    yield from site.glob("~*")  # what pip was about to delete
    for dist in site.glob(f"{only}*.dist-info"):
        try:
            with (dist / "RECORD").open(encoding="utf-8", newline="") as record:
                rows = [row for row in csv.reader(record) if len(row) == 3 and row[2]]
            whole = bool(rows) and (dist / "INSTALLER").exists()
            if not whole or any((site / name).stat().st_size != int(size) for name, _, size in rows):
                yield dist
        except (OSError, ValueError):
            yield dist


def _settings(venv: Path) -> dict[str, str]:
    try:
        lines = (venv / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}


def _site(checkout: Checkout) -> Path:
    return checkout.venv / "lib" / "python3.11" / "site-packages"


def _packages_stamp(checkout: Checkout) -> Path:
    return checkout.venv / "kokunai-packages.json"


def _project_stamp(checkout: Checkout) -> Path:
    return checkout.venv / "kokunai-project.json"


def _packages_digest(checkout: Checkout) -> str:
    return stamps.digest([checkout.requirements], [_settings(checkout.venv).get("version", "")])


def _project_digest(checkout: Checkout) -> str:
    return stamps.digest([checkout.project], [str(checkout.root)])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
