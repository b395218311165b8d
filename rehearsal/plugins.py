"""The private PULUMI_HOME of a rehearsal: the engine, the language host and one stand-in per provider.

A rehearsed run differs from a real one by this directory and by the backend only; `Pulumi.yaml` and the program are the
same files. The engine finds `plugins/resource-<package>-v<version>` there, at the exact version that the SDK asks for,
so it downloads nothing and can never reach a real provider. Not the set-up: engine and wheels are there already.
"""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import EnvironmentFault

LANGUAGE_HOST = "pulumi-language-python"


@dataclass(frozen=True)
class StandIn:
    """A provider that is stood in for: the engine's name, the wheel with its version, the module that serves it."""

    package: str
    distribution: str
    command: tuple[str, ...]

    @property
    def version(self) -> str:
        """The version of the installed SDK, which the engine demands of its plugin."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError as error:
            raise EnvironmentFault(f"{self.distribution} is not installed", fix="run `make rehearse`") from error


STAND_INS = (
    StandIn("aws", "pulumi-aws", ("rehearsal.standin", "aws")),
    StandIn("azure-native", "pulumi-azure-native", ("rehearsal.standin", "azure-native")),
    StandIn("gcp", "pulumi-gcp", ("rehearsal.standin", "gcp")),
    StandIn("kubernetes", "pulumi-kubernetes", ("rehearsal.kubernetes_provider",)),
)

# What a user's shell may hold that would lead a rehearsal to a real backend, a real account or another configuration.
LEFT_OUT = (
    "AWS_",
    "ARM_",
    "AZURE_",
    "CLOUDSDK_",
    "GCLOUD_",
    "GOOGLE_",
    "KUBECONFIG",
    "KUBE_CONFIG_PATH",
    "PULUMI_",
)


def install(home: Path, python: Path, engine: Path) -> None:
    """Lay out `home`, a directory of the rehearsal's own. Safe to repeat and to interrupt.

    `python` is the interpreter whose environment holds this project and the SDKs; `engine` a `pulumi` executable. A
    language host that sits beside `engine`, as in an official installation, is used instead of the rehearsal's own.
    """
    binaries = home / "bin"
    binaries.mkdir(parents=True, exist_ok=True)
    # Copies, not symlinks: beside a symlinked engine, every run warns that its language host was found on $PATH.
    _copy(engine.resolve(), binaries / "pulumi")
    official = sorted(engine.resolve().parent.glob(f"{LANGUAGE_HOST}*"))
    for part in official:
        _copy(part, binaries / part.name)
    if not official:
        _write_launcher(binaries / LANGUAGE_HOST, python, "rehearsal.language_host")
    for stand_in in STAND_INS:
        directory = home / "plugins" / f"resource-{stand_in.package}-v{stand_in.version}"
        directory.mkdir(parents=True, exist_ok=True)
        _write_launcher(directory / f"pulumi-resource-{stand_in.package}", python, *stand_in.command)


def environment(home: Path, backend_url: str, passphrase_file: Path) -> dict[str, str]:
    """What to add to the environment so that a plain `pulumi` is the rehearsal's."""
    if not backend_url.startswith("file://"):
        raise EnvironmentFault(
            "a rehearsed stack is kept in a directory of its own, never beside real ones",
            where="backend URL",
            fix="give a file:// URL",
        )
    return {
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": backend_url,
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # A real provider that happens to be on $PATH must not be taken for the stand-in.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "true",
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without what would lead a rehearsal to real credentials or to another backend; see `LEFT_OUT`."""
    return {name: value for name, value in environ.items() if not name.startswith(LEFT_OUT)}


def _write_launcher(path: Path, python: Path, *module: str) -> None:
    # -P: the working directory is the user's project, whose files must not shadow modules of the plugin.
    command = shlex.join([str(python), "-P", "-m", *module])
    text = f'#!/bin/sh\nexec {command} "$@"\n'
    with suppress(OSError):
        if path.read_text(encoding="utf-8") == text and os.access(path, os.X_OK):
            return
    with _replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(0o755)


def _copy(source: Path, target: Path) -> None:
    """Hard link where the file system allows, else copy; nothing when `target` is that file already."""
    with suppress(OSError):
        there, here = source.stat(), target.stat()
        if there.st_ino == here.st_ino or (there.st_size, there.st_mtime_ns) == (here.st_size, here.st_mtime_ns):
            return
    with _replacing(target) as temporary:
        try:
            temporary.hardlink_to(source)
        except OSError:
            shutil.copy2(source, temporary)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `target` when the block ends well."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".installing-") as scratch:
        temporary = Path(scratch) / target.name
        yield temporary
        temporary.replace(target)
