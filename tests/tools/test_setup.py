"""The set-up on machines that lack something: run as a user runs it, with stand-ins for pip, go and apt-get on PATH.

Each stand-in writes down that it was called, so that "does nothing" can be seen. No network, no real build.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "pulumi")

GO = """#!/bin/sh
echo "go $*" >> "$CALLS"
if [ "$1" = env ]; then
  printf '{"GOVERSION": "%s", "GOTOOLCHAIN": "%s", "GOMODCACHE": "%s/mod", "GOCACHE": "%s/build"}\\n' \
    "${GO_IS:-go1.26.8}" "${GO_MAY:-local}" "$CACHES" "$CACHES"
  exit 0
fi
echo "go: downloading https://user:hunter2@mirror.example/mod"
if [ -n "$GO_SAYS" ]; then echo "$GO_SAYS"; exit 1; fi
[ -n "$GO_TAKES" ] && /bin/sleep "$GO_TAKES"
while [ "$1" != -o ]; do shift; done
target=$2
shift 2
case $target in
  */) for package; do echo "${package##*/}" > "$target${package##*/}"; done ;;
  *) echo built > "$target" ;;
esac
"""

PIP = """#!/bin/sh
echo "pip $*" >> "$CALLS"
echo "Looking in indexes: https://user:hunter2@mirror.example/simple"
if [ -n "$PIP_SAYS" ]; then echo "$PIP_SAYS"; exit 1; fi
"""

NO_MATCH = "ERROR: No matching distribution found for a-package==1.0"


class Machine:
    """A clone of the set-up with a virtual environment that stands, and a PATH that holds the stand-ins only."""

    def __init__(self, place: Path) -> None:
        self.clone = place / "clone"
        self.path = place / "path"
        self.calls_file = place / "calls"
        self.calls_file.touch()
        tools = self.clone / "tools"
        shutil.copytree(ROOT / "tools", tools, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", self.clone)
        (self.clone / "requirements.txt").write_text("a-package==1.0 \\\n    --hash=sha256:00\n")
        self.path.mkdir()
        self.install("go", GO)
        self.install("git", "#!/bin/sh\n")
        self.install("haproxy", "#!/bin/sh\necho HAProxy version 2.6.12-1 2023/12/16\n")
        self.environment = {
            "PATH": str(self.path),
            "HOME": str(place),
            "CALLS": str(self.calls_file),
            "CACHES": str(place / "caches"),
        }
        self.make_venv()

    def make_venv(self) -> None:
        venv = self.clone / ".venv"
        self.site = venv / "lib" / "python3.11" / "site-packages"
        self.site.mkdir(parents=True)
        (venv / "pyvenv.cfg").write_text(f"version = 3.11.2\ncommand = /usr/bin/python3.11 -m venv {venv}\n")
        self.install("python", PIP, venv / "bin")
        self.add_package("pip", "pip/__init__.py")

    def add_package(self, name: str, file: str) -> Path:
        """A package as pip leaves it, of one file with four bytes."""
        (self.site / file).parent.mkdir(exist_ok=True)
        (self.site / file).write_text("text")
        dist = self.site / f"{name}-1.0.dist-info"
        dist.mkdir()
        (dist / "INSTALLER").write_text("pip\n")
        (dist / "RECORD").write_text(f"{file},sha256=x,4\n{dist.name}/RECORD,,\n")
        return dist

    def install(self, name: str, script: str, directory: Path | None = None) -> Path:
        file = (directory or self.path) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script)
        file.chmod(0o755)
        return file

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.clone / "tools" / "setup.py"), *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def set_up(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @property
    def calls(self) -> list[str]:
        """What the clients were called for, without the questions about their own version."""
        return [line for line in self.calls_file.read_text().splitlines() if not line.startswith("go env")]

    def forget_calls(self) -> None:
        self.calls_file.write_text("")

    @property
    def record(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.clone / ".toolchain" / "toolchain.json").read_text())
        return content

    def holding(self, *, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not until():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """The set-up's own modules, for judgements that no stand-in on PATH can bring about."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    return lambda name: importlib.import_module(f"setup_steps.{name}")


def refuses(run: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 2, the words on standard error, a remedy, no traceback, no password."""
    assert run.returncode == 2, run.stdout + run.stderr
    for word in words:
        assert word in run.stderr
    assert "  → " in run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert "hunter2" not in run.stdout + run.stderr


# what it brings about, and that it does so once


def test_first_run_brings_everything_and_records_it(machine: Machine) -> None:
    run = machine.set_up()

    assert run.returncode == 0, run.stderr
    assert "\x1b" not in run.stdout
    assert re.search(r"ok  Kubernetes control plane: \d+\.\d s, v1\.\d+\.\d+, built", run.stdout)
    for tool in BUILT:
        assert machine.record[tool] == str(machine.clone / ".toolchain" / "bin" / tool)
        assert machine.record["source"][tool] == "built"
        assert Path(machine.record[tool]).exists()
    assert machine.record["haproxy"] == str(machine.path / "haproxy")
    assert machine.record["source"]["haproxy"] == "found"
    installs = [call for call in machine.calls if call.startswith("pip")]
    assert "--require-hashes" in installs[0]
    assert "-e" in installs[1]


def test_second_run_calls_no_client_and_needs_none(machine: Machine) -> None:
    machine.set_up()
    machine.forget_calls()
    (machine.path / "go").unlink()
    (machine.clone / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")

    run = machine.set_up()

    assert run.returncode == 0, run.stderr
    assert machine.calls == []
    assert run.stdout.startswith("set-up: everything is in place")


def test_python_only_leaves_the_toolchain_alone(machine: Machine) -> None:
    (machine.path / "go").unlink()

    run = machine.set_up("--python-only")

    assert run.returncode == 0, run.stderr
    assert [call.split()[0] for call in machine.calls] == ["pip", "pip"]


@pytest.mark.parametrize(
    ("file", "calls"),
    [
        ("tools/etcd/go.sum", ["go"]),
        ("requirements.txt", ["pip"]),
        ("pyproject.toml", ["pip"]),
    ],
)
def test_a_changed_lock_redoes_what_it_locks_and_nothing_else(machine: Machine, file: str, calls: list[str]) -> None:
    machine.set_up()
    machine.forget_calls()
    with (machine.clone / file).open("a") as locked:
        locked.write("\n# changed\n")

    run = machine.set_up()

    assert run.returncode == 0, run.stderr
    assert [call.split()[0] for call in machine.calls] == calls


def test_a_damaged_binary_is_built_again(machine: Machine) -> None:
    machine.set_up()
    machine.forget_calls()
    (machine.clone / ".toolchain" / "bin" / "kwok").write_text("cut o")

    machine.set_up()

    assert [call for call in machine.calls if "kwok" in call] == machine.calls != []


def test_a_package_that_left_the_lock_is_removed(machine: Machine) -> None:
    machine.set_up()
    machine.forget_calls()
    (machine.clone / "requirements.txt").write_text("other-package==2.0 \\\n    --hash=sha256:00\n")

    machine.set_up()

    assert machine.calls[-1].endswith("uninstall --yes a-package")


def test_a_moved_checkout_gets_a_new_environment(machine: Machine, steps: Callable[[str], ModuleType]) -> None:
    machine.set_up()
    moved = machine.clone.rename(machine.clone.with_name("moved"))

    checkout = steps("checkout").Checkout(moved)

    assert not steps("python_packages").venv_stands(checkout)
    assert [step.name for step in steps("python_packages").steps(checkout)] == [
        "virtual environment",
        "Python packages",
        "kokunai itself",
    ]


# interrupted, and two at once


def test_a_package_that_pip_was_cut_off_at_is_installed_again(machine: Machine) -> None:
    whole = machine.add_package("whole", "whole.py")
    cut = machine.add_package("cut", "cut.py")
    (machine.site / "cut.py").write_text("te")

    machine.set_up()

    assert whole.exists()
    assert not cut.exists()  # pip would take it for installed as long as this is there


def test_killed_while_building_leaves_nothing_half_and_the_next_run_goes_on(machine: Machine) -> None:
    process = machine.start(GO_TAKES="2")
    machine.holding(until=lambda: any("go build" in call for call in machine.calls))
    machine.holding(until=(machine.clone / ".venv" / "kokunai-project.json").exists)
    process.kill()
    process.communicate()
    assert not list((machine.clone / ".toolchain").glob("bin/*"))
    machine.forget_calls()

    run = machine.set_up()

    assert run.returncode == 0, run.stderr
    assert re.search(
        r"waits for what an interrupted set-up left running: process \d+ \(go\).*to end it: kill", run.stdout
    )
    assert sorted(path.name for path in (machine.clone / ".toolchain" / "bin").iterdir()) == sorted(BUILT)
    assert not (machine.clone / ".toolchain" / "unfinished").exists() or not list(
        (machine.clone / ".toolchain" / "unfinished").rglob("*/*")
    )
    assert not any(call.startswith("pip") for call in machine.calls)  # what was finished stays so


def test_the_second_of_two_waits_says_for_whom_and_finds_all_done(machine: Machine) -> None:
    first = machine.start(GO_TAKES="1")
    machine.holding(until=lambda: any("go build" in call for call in machine.calls))

    second = machine.set_up()
    first.communicate()

    assert first.returncode == second.returncode == 0
    assert f"waits for another set-up in this checkout: process {first.pid}, since " in second.stdout
    assert sum("go build" in call for call in machine.calls) == 4


def test_ctrl_c_ends_what_was_started(machine: Machine) -> None:
    process = machine.start(GO_TAKES="30")
    machine.holding(until=lambda: sorted(call.split()[0] for call in machine.calls) == ["go", "go", "pip", "pip"])
    machine.holding(until=(machine.clone / ".venv" / "kokunai-project.json").exists)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)

    assert process.returncode == 130
    assert "interrupted; the next run goes on from here" in err
    assert "Traceback" not in err
    assert out.count("stopped; the next run goes on from here") == 2  # one for each build that ran, none for the rest
    assert machine.set_up().stdout.startswith("set-up: to do:")  # nothing left that it would have to wait for


# what may be missing or refuse


def test_no_go(machine: Machine) -> None:
    (machine.path / "go").unlink()
    refuses(machine.set_up(), "Go is not on PATH", "install Go 1.26 or newer")
    assert machine.calls == []


def test_go_too_old_to_fetch_a_newer_one(machine: Machine) -> None:
    refuses(machine.set_up(GO_IS="go1.19.8", GO_MAY=""), "Go 1.19 is on PATH", "needs 1.26 or newer")
    assert machine.calls == []


def test_go_that_may_not_fetch_a_newer_one(machine: Machine) -> None:
    refuses(machine.set_up(GO_IS="go1.24.2", GO_MAY="local"), "Go 1.24 is on PATH", "GOTOOLCHAIN=auto")


def test_go_that_fetches_the_newer_one_by_itself(machine: Machine) -> None:
    assert machine.set_up(GO_IS="go1.24.2", GO_MAY="auto").returncode == 0


def test_several_faults_are_told_at_once(machine: Machine) -> None:
    (machine.path / "go").unlink()
    machine.install("haproxy", "#!/bin/sh\necho HAProxy version 2.2.9\n")
    run = machine.set_up()
    refuses(run, "Go is not on PATH", "HAProxy 2.2.9; the edges need 2.6 or newer")


@pytest.mark.parametrize(
    ("says", "remedy"),
    [
        ("go: x.example/y@v1: reading https://u:hunter2@proxy.example/y: 403 Forbidden", "check GOPROXY"),
        ("go: x@v1: Get: dial tcp: lookup proxy.example: no such host", "HTTPS_PROXY and GOPROXY"),
        ("go: Get: tls: failed to verify certificate: x509: certificate signed by unknown authority", "SSL_CERT_FILE"),
        ("go: x.example/y@v1: reading https://proxy.example/y: 404 Not Found", "name a module proxy in GOPROXY"),
        ("verifying x@v1: checksum mismatch", "go clean -modcache"),
        ("compile: writing output: write $WORK/b1: no space left on device", "free some space"),
        ("x: /usr/lib/go/link: signal: killed", "GOFLAGS=-p=1"),
        ("go: x: refusing to pass credentials to insecure URL: http://u:hunter2@proxy.example", "with https://"),
        ("something nobody foresaw", "read the log"),
    ],
)
def test_go_refused(machine: Machine, says: str, remedy: str) -> None:
    run = machine.set_up(GO_SAYS=says)

    shown = says.replace("u:hunter2@", "")
    refuses(run, f"go says: {shown}", remedy)
    log = re.search(r"log: (\S+)", run.stderr)
    assert log is not None
    assert shown in Path(log[1]).read_text()
    assert "hunter2" not in Path(log[1]).read_text()


@pytest.mark.parametrize(
    ("says", "remedy"),
    [
        (
            f"Could not fetch URL https://u:hunter2@index.example/a: 403 Client Error: Forbidden - skipping\n{NO_MATCH}",
            "check PIP_INDEX_URL",
        ),
        (
            f"WARNING: Retrying after connection broken by NewConnectionError: Name or service not known\n{NO_MATCH}",
            "HTTPS_PROXY",
        ),
        (
            "Could not fetch URL https://x: (Caused by ResponseError('too many 503 error responses'))",
            "fault of its own",
        ),
        (NO_MATCH, "a complete mirror in PIP_INDEX_URL"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "passes files on unchanged"),
        ("Could not fetch URL https://x: SSLError(certificate verify failed) - skipping", "PIP_CERT"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "free some space"),
    ],
)
def test_pip_refused(machine: Machine, says: str, remedy: str) -> None:
    refuses(machine.set_up(PIP_SAYS=says), "Python packages: pip says: ", remedy, "log: ")


def test_pip_is_asked_again_why_there_is_no_match(machine: Machine) -> None:
    machine.install(
        "python",
        PIP
        + f"""case "$*" in
  *--dry-run*) echo 'Could not fetch URL https://index.example/a: 401 Client Error: Unauthorized - skipping' ;;
esac
echo '{NO_MATCH}'; exit 1
""",
        machine.clone / ".venv" / "bin",
    )
    refuses(machine.set_up(), "401 Client Error", "the credentials there or in ~/.netrc")


def test_a_module_proxy_that_stumbles_is_asked_again(machine: Machine) -> None:
    stumble = 'if [ "$1" = build ] && [ ! -e "$CACHES.$PPID" ]; then : > "$CACHES.$PPID"; echo "502 Bad Gateway"; exit 1; fi\n'
    for tool in ("kwok", "pulumi"):  # leave less to build: each that stumbles is waited for
        machine.install(tool, answering("v9.0.0"))
    machine.install("pulumi-language-python", answering(""))
    machine.install("go", GO.replace("while ", stumble + "while ", 1))
    assert machine.set_up().returncode == 0


def test_after_a_refusal_the_next_run_goes_on(machine: Machine) -> None:
    machine.set_up(PIP_SAYS=NO_MATCH)
    assert machine.set_up().returncode == 0


def test_the_users_settings_reach_the_clients(machine: Machine) -> None:
    machine.install("go", GO.replace('echo "go $*"', 'echo "go $* $GOPROXY $HTTPS_PROXY $GOFLAGS"'))
    machine.set_up(GOPROXY="https://mods.example", HTTPS_PROXY="http://proxy.example", GOFLAGS="-p=1")
    builds = [call for call in machine.calls if "go build" in call]
    assert builds
    assert all(call.endswith("https://mods.example http://proxy.example -p=1") for call in builds)


def test_a_checkout_that_cannot_be_written(machine: Machine) -> None:
    (machine.clone / ".toolchain").write_text("in the way")
    refuses(machine.set_up(), str(machine.clone / ".toolchain"))


@pytest.mark.parametrize(
    ("number", "words"),
    [(28, "no space left while writing /x"), (30, "cannot write /x"), (13, "cannot write /x")],
)
def test_refusals_of_the_file_system(steps: Callable[[str], ModuleType], number: int, words: str) -> None:
    fault = steps("faults").from_os(OSError(number, os.strerror(number), "/x"))
    assert words in fault.what


def test_too_little_disk(steps: Callable[[str], ModuleType], tmp_path: Path) -> None:
    step = steps("step").Step("big", "", lambda effects: "", disk_mb=(("checkout", 10**9), ("go builds", 500)))
    small = steps("step").Step("small", "", lambda effects: "", disk_mb=(("checkout", 1),))
    places: Mapping[str, Path] = {"checkout": tmp_path, "go builds": tmp_path / "not" / "there" / "yet"}

    (fault,) = steps("machine").judge_disk([step], places)

    assert "writes about 1000000.5 GB" in fault.what
    assert "GOCACHE, GOMODCACHE or TMPDIR" in fault.fix
    assert steps("machine").judge_disk([small], places) == []


def test_sources_that_are_there_need_no_room(steps: Callable[[str], ModuleType], tmp_path: Path) -> None:
    step = steps("step").Step("x", "", lambda effects: "", disk_mb=(("go modules", 10**9),), sources="x.example@v1")
    assert steps("machine").judge_disk([step], {"go modules": tmp_path})
    (tmp_path / "x.example@v1").mkdir()
    assert steps("machine").judge_disk([step], {"go modules": tmp_path}) == []


BARE = {"root": False, "apt_get": True, "git": True, "ensurepip": False, "debians_python": True, "haproxy": None}


def test_missing_packages_are_named_exactly_where_root_is_not_ours(steps: Callable[[str], ModuleType]) -> None:
    packages, faults = steps("machine").missing(steps("machine").Machine(**BARE), venv=True, rehearsal=True)
    assert packages == []
    assert "sudo apt-get install python3.11-venv haproxy" in str(faults[0])


def test_missing_packages_are_installed_where_root_is_ours(steps: Callable[[str], ModuleType]) -> None:
    here = steps("machine").Machine(**{**BARE, "root": True})
    assert steps("machine").missing(here, venv=True, rehearsal=True) == (["python3.11-venv", "haproxy"], [])


def test_a_python_without_ensurepip_that_is_not_debians(steps: Callable[[str], ModuleType]) -> None:
    here = steps("machine").Machine(**{**BARE, "debians_python": False})
    packages, faults = steps("machine").missing(here, venv=True, rehearsal=False)
    assert packages == []
    assert "has no ensurepip" in str(faults[0])


def test_package_lists_are_fetched_only_when_they_are_missing(
    machine: Machine, steps: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install(
        "apt-get",
        '#!/bin/sh\necho "apt-get $*" >> "$CALLS"\n'
        'if [ "$1" = update ]; then : > "$CACHES.lists"; exit 0; fi\n'
        '[ -e "$CACHES.lists" ] || { echo "E: Unable to locate package haproxy"; exit 100; }\n',
    )
    for name, value in machine.environment.items():
        monkeypatch.setenv(name, value)
    with (machine.clone / "lock").open("w") as lock:
        clients = steps("client").Clients(machine.clone / "log", lock.fileno())
        steps("debian").step(["haproxy"], machine.clone).do(steps("step").Effects(clients, lambda words: None))
    assert [call.split()[1] for call in machine.calls] == ["install", "update", "install"]


def launch_as(version: str, machine: Machine) -> subprocess.CompletedProcess[str]:
    """Start the set-up as a Python of that version would."""
    code = (
        f"import runpy, sys; sys.version_info = ({version}, 0, 'final', 0); sys.version = '3.9.2 (main)';"
        f"sys.argv = ['tools/setup.py', '--python-only']; runpy.run_path('tools/setup.py', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=machine.clone,
        env=machine.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wrong_python_and_no_right_one_that_works(machine: Machine) -> None:
    machine.install("python3.11", "#!/bin/sh\necho python3.11: not activated >&2\nexit 127\n")
    refuses(launch_as("3, 9", machine), "Python 3.11 is needed; this is 3.9.2", "apt-get install python3.11")


def test_a_wrong_python_hands_over_to_the_right_one(machine: Machine) -> None:
    machine.install("python3.11", '#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "took over: $*"\n')
    run = launch_as("3, 9", machine)
    assert run.stdout == "took over: tools/setup.py --python-only\n"


# tools that are there already


def answering(version: str) -> str:
    return f"#!/bin/sh\necho {version}\n"


def test_an_official_pulumi_is_used(machine: Machine) -> None:
    machine.install("pulumi", answering("v3.300.1"))
    machine.install("pulumi-language-python", answering(""))

    machine.set_up()

    assert machine.record["pulumi"] == str(machine.path / "pulumi")
    assert machine.record["source"]["pulumi"] == "found"
    assert not any("cmd/pulumi" in call for call in machine.calls if call.startswith("go build"))


@pytest.mark.parametrize(
    ("version", "language_host", "reason"),
    [("v3.100.0", True, r"3\.\d+\.\d+ or newer is needed"), ("v3.300.1", False, "no pulumi-language-python beside it")],
)
def test_a_pulumi_that_will_not_do(machine: Machine, version: str, language_host: bool, reason: str) -> None:
    machine.install("pulumi", answering(version))
    if language_host:
        machine.install("pulumi-language-python", answering(""))

    run = machine.set_up()

    assert machine.record["source"]["pulumi"] == "built"
    assert re.search(rf"pulumi \({version[1:]}\) is not used: {reason}", run.stdout)


def test_test_assets_of_kubernetes_are_used_and_the_rest_is_built(machine: Machine) -> None:
    pinned = re.search(r"k8s.io/kubernetes (v[\d.]+)", (ROOT / "tools/kubernetes/go.mod").read_text())
    assert pinned is not None
    assets = machine.clone / "assets"
    machine.install("kube-apiserver", answering(f"Kubernetes {pinned[1]}"), assets)
    machine.install("etcd", answering("etcd Version: 3.6.4"), assets)
    machine.install("etcd", answering("etcd Version: 3.4.23"))

    machine.set_up(KUBEBUILDER_ASSETS=str(assets))

    assert machine.record["kube-apiserver"] == str(assets / "kube-apiserver")
    assert machine.record["etcd"] == str(assets / "etcd")
    assert machine.record["source"]["kube-scheduler"] == "built"
    (build,) = [call for call in machine.calls if "k8s.io/kubernetes/cmd" in call]
    assert "kube-apiserver" not in build


def test_a_found_tool_is_asked_for_its_version_once(machine: Machine) -> None:
    machine.install("kwok", '#!/bin/sh\necho kwok >> "$CALLS"\necho kwok version v0.99.0\n')
    machine.set_up()
    machine.set_up()
    assert machine.calls.count("kwok") == 1


# what calls the set-up


def test_ci_runs_the_test_command_the_linters_and_the_long_tests_in_this_order(machine: Machine) -> None:
    shutil.copytree(ROOT / ".ci", machine.clone / ".ci")
    machine.install("make", '#!/bin/sh\necho "make $*" >> "$CALLS"\n[ "$*" != "$FAILS" ]\n')

    def ci(**environment: str) -> int:
        machine.forget_calls()
        path = f"{machine.path}{os.pathsep}{os.defpath}"
        env = {**machine.environment, "PATH": path, **environment}
        return subprocess.run([machine.clone / ".ci" / "run"], env=env, check=False).returncode

    assert ci() == 0
    assert machine.calls == ["make test", "make lint", "make test-slow"]
    assert ci(FAILS="lint") != 0
    assert machine.calls == ["make test", "make lint"]
