"""`.toolchain/bin`: the tools that are built here from the Go modules that `tools/*/go.mod` and `go.sum` pin.

Everything about one module is in one row of `MODULES`. A binary is built beside its place and renamed into it; the
stamp, written last, holds what it was built from. Go itself keeps what an interrupted build has compiled.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import diagnosis, stamps
from .checkout import Checkout
from .client import ClientFailed
from .faults import Fault
from .found import Found, Version
from .step import Effects, Step

_ATTEMPTS = 3
_PAUSE_S = 2.0
# Ours are plain module builds without C; a go.work above the checkout is none of our business.
_BUILD_ENV = {"CGO_ENABLED": "0", "GOWORK": "off", "GO111MODULE": "on"}


@dataclass(frozen=True)
class GoModule:
    """`pin` is the required module that gives the version; `{v}`, `{major}` and `{minor}` in `stamp` are taken from it."""

    folder: str
    title: str
    pin: str
    packages: Mapping[str, str]
    stamp: str = ""
    tags: str = ""
    disk_mb: tuple[tuple[str, int], ...] = ()


def _disk(*, modules: int, builds: int, temporary: int, binaries: int) -> tuple[tuple[str, int], ...]:
    """As measured on a machine that had none of it, in MB; `temporary` is given back at the end."""
    return (("go modules", modules), ("go builds", builds), ("temporary", temporary), ("checkout", binaries))


# The longest first: the lanes that build them then end at about the same time.
MODULES = (
    GoModule(
        folder="kubernetes",
        title="Kubernetes control plane",
        pin="k8s.io/kubernetes",
        packages={
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
        },
        stamp=(
            " -X k8s.io/component-base/version.gitVersion={v}"
            " -X k8s.io/component-base/version.gitMajor={major}"
            " -X k8s.io/component-base/version.gitMinor={minor}"
        ),
        disk_mb=_disk(modules=850, builds=2100, temporary=1700, binaries=270),
    ),
    GoModule(
        folder="pulumi",
        title="Pulumi engine",
        pin="github.com/pulumi/pulumi/pkg/v3",
        packages={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
        stamp=" -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={v}",
        tags="osusergo,grpcnotrace",
        disk_mb=_disk(modules=1000, builds=1900, temporary=1500, binaries=115),
    ),
    GoModule(
        folder="kwok",
        title="KWOK",
        pin="sigs.k8s.io/kwok",
        packages={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        disk_mb=_disk(modules=400, builds=800, temporary=400, binaries=70),
    ),
    GoModule(
        folder="etcd",
        title="etcd",
        pin="go.etcd.io/etcd/server/v3",
        packages={"etcd": "go.etcd.io/etcd/server/v3"},
        disk_mb=_disk(modules=150, builds=300, temporary=200, binaries=30),
    ),
)
TOOLS = tuple(sorted(tool for module in MODULES for tool in module.packages))


def pins(checkout: Checkout) -> dict[str, Version]:
    """The pinned version of each module, by its folder under `tools/`."""
    return {module.folder: _numbers(_pin(checkout, module)) for module in MODULES}


def wanted_go(checkout: Checkout) -> Version:
    """The newest Go that any of the modules asks for."""
    lines = (_go_mod(checkout, module).read_text(encoding="utf-8") for module in MODULES)
    return max(_numbers(match[1]) for text in lines if (match := re.search(r"^go (\S+)$", text, re.MULTILINE)))


def steps(checkout: Checkout, found: Collection[str]) -> list[Step]:
    """One step for each module of which a tool is neither `found` nor built; the longest first."""
    return [
        Step(
            module.title,
            "Go (modules, then the compiler)",
            lambda effects, module=module, tools=tuple(tools): _build(checkout, module, tools, effects),  # type: ignore[misc]
            disk_mb=module.disk_mb,
            sources=f"{module.pin}@{_pin(checkout, module)}",
        )
        for module in MODULES
        if (tools := [tool for tool in module.packages if tool not in found]) and not _is_built(checkout, module, tools)
    ]


def record(checkout: Checkout, found: Mapping[str, Found], haproxy: Found) -> None:
    """Write `toolchain.json`: the path of each tool, and under `source` whether it was built or found."""
    paths = {tool: str(found[tool].path if tool in found else checkout.binaries / tool) for tool in TOOLS}
    source = {tool: "found" if tool in found else "built" for tool in TOOLS}
    stamps.write(
        checkout.record,
        {**paths, "haproxy": str(haproxy.path), "source": {**source, "haproxy": "found"}},
    )


def _build(checkout: Checkout, module: GoModule, tools: Iterable[str], effects: Effects) -> str:
    stamp = _stamp(checkout, module)
    wanted = sorted({*tools, *(stamps.read(stamp).get("files", {}))} & set(module.packages))
    place = checkout.unfinished / module.folder
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    # Several packages take a directory and name the files themselves; one package is named here.
    target = f"{place}{os.sep}" if len(wanted) > 1 else str(place / wanted[0])
    _go(checkout, module, ["-o", target, *(module.packages[tool] for tool in wanted)], effects)
    checkout.binaries.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for tool in wanted:
        sizes[tool] = (place / tool).stat().st_size
        (place / tool).replace(checkout.binaries / tool)
    place.rmdir()
    stamps.write(stamp, {"digest": _digest(checkout, module), "files": sizes})
    return f"{_pin(checkout, module)}, built"


def _go(checkout: Checkout, module: GoModule, arguments: list[str], effects: Effects) -> None:
    """Run `go build`; a proxy that did not answer in time is asked again, as pip does by itself."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            effects.clients.run(
                ["go", *_flags(checkout, module), *arguments],
                log=module.folder,
                note=effects.note,
                cwd=checkout.tools / module.folder,
                extra_env=_BUILD_ENV,
                append=attempt > 1,
            )
        except ClientFailed as failure:
            if attempt == _ATTEMPTS or not diagnosis.is_passing(diagnosis.GO, failure):
                raise diagnosis.fault(module.title, "go", diagnosis.GO, failure) from failure
            time.sleep(_PAUSE_S)
        else:
            return


def _flags(checkout: Checkout, module: GoModule) -> list[str]:
    version = _pin(checkout, module)
    major, minor, _ = _numbers(version)
    values = module.stamp.format(v=version, major=major, minor=minor)
    tags = ["-tags", module.tags] if module.tags else []
    return ["build", "-mod=readonly", "-trimpath", *tags, "-ldflags", f"-w -s{values}"]


def _is_built(checkout: Checkout, module: GoModule, tools: Iterable[str]) -> bool:
    stamp = stamps.read(_stamp(checkout, module))
    sizes = stamp.get("files", {})
    return stamp.get("digest") == _digest(checkout, module) and all(
        tool in sizes and _size(checkout.binaries / tool) == sizes[tool] for tool in tools
    )


def _digest(checkout: Checkout, module: GoModule) -> str:
    go_mod = _go_mod(checkout, module)
    packages = [f"{tool}={package}" for tool, package in module.packages.items()]
    return stamps.digest([go_mod, go_mod.with_name("go.sum")], [*_flags(checkout, module), *packages])


def _stamp(checkout: Checkout, module: GoModule) -> Path:
    return checkout.stamps / f"{module.folder}.json"


def _go_mod(checkout: Checkout, module: GoModule) -> Path:
    return checkout.tools / module.folder / "go.mod"


def _pin(checkout: Checkout, module: GoModule) -> str:
    path = _go_mod(checkout, module)
    match = re.search(
        rf"^(?:require)?\s+{re.escape(module.pin)} (v\S+)", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    if match is None:
        raise Fault(f"{path} does not require {module.pin}", f"restore it: git checkout -- {path}")
    return match[1]


def _numbers(version: str) -> Version:
    major, minor, patch, *_ = [*map(int, re.findall(r"\d+", version)), 0, 0, 0]
    return major, minor, patch


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
