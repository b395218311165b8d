"""`kokunai rehearse up | status | shell | down`: the rehearsal's verbs, and its progress on a terminal or in CI."""

from __future__ import annotations

import os
import shlex
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Table

from catalog.load import SITES, SiteName
from core.errors import KokunaiError
from kokunai.terminal import Format, FormatOption, err, out, print_json, print_table
from rehearsal.layout import Layout

if TYPE_CHECKING:
    from rehearsal.commands import Rehearsal, Stage

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Everything on this machine, with stand-ins for what only a cloud can give / 予行(模擬環境).",
)
SCHEMA = "kokunai/rehearse-status/v1"
SitesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[SITE]...", help=f"of {', '.join(SITES)}; default all")
]


class Progress:
    """Where each site stands: one line a site on a terminal, one line a change elsewhere."""

    def __init__(self, sites: Sequence[str]) -> None:
        self._lines: dict[str, tuple[str, str]] = dict.fromkeys(sites, ("waiting", ""))
        self._stages: dict[str, str] = {}
        self._lock = threading.Lock()
        self._live = Live(self._table(), console=err, transient=True, refresh_per_second=8) if err.is_terminal else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def report(self, site: str, stage: Stage, detail: str) -> None:
        """Take a change; `site` is empty for what is common to all."""
        with self._lock:
            if not site:
                err.print(f"{stage}: {detail}", markup=False)
                return
            self._lines[site] = (stage, detail)
            if self._live:
                self._live.update(self._table())
            elif self._stages.get(site) != stage:
                err.print(f"{site}: {stage}: {detail}", markup=False)
            self._stages[site] = stage

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for site, (stage, detail) in self._lines.items():
            table.add_row(site, stage, detail)
        return table


@app.command("up")
def up(context: typer.Context, sites: SitesArgument = None, format_: FormatOption = Format.TEXT) -> None:
    """Bring sites up: clusters, stacks, edges, descriptors. Safe to repeat."""
    wanted = _sites(sites)
    began = time.monotonic()
    with Progress(wanted) as progress:
        _rehearsal(context, progress).up(wanted)
    err.print(f"{len(wanted)} sites in {time.monotonic() - began:.0f} s", markup=False)
    _print_status(_rehearsal(context), format_)


@app.command("status")
def status(context: typer.Context, format_: FormatOption = Format.TEXT) -> None:
    """What is up, whose descriptors verify, and whether it answers. Exit code 1 when something does not."""
    if not _print_status(_rehearsal(context), format_):
        raise typer.Exit(1)


@app.command("shell")
def shell(
    context: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND]", help="run this and leave")] = None,
    print_: Annotated[
        bool, typer.Option("--print", help='print it instead: eval "$(kokunai rehearse shell --print)"')
    ] = False,
) -> None:
    """Open a shell in which `pulumi` works on the rehearsed stacks."""
    rehearsal = _rehearsal(context)
    environment, directory = rehearsal.shell()
    if print_:
        lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items())]
        # The key itself is not printed: the line reads it from its file.
        key_file = shlex.quote(str(rehearsal.credentials.client_key))
        lines += [f'export OPENAI_API_KEY="$(cat {key_file})"', f"cd {shlex.quote(str(directory))}"]
        out.print("\n".join(lines), markup=False)
        return
    environment = {**environment, "OPENAI_API_KEY": rehearsal.credentials.client_key.read_text("utf-8").strip()}
    arguments = command or [os.environ.get("SHELL", "/bin/sh")]
    if not command:
        err.print("予行(模擬環境): `pulumi` works on the rehearsed stacks here; leave with `exit`", markup=False)
    os.chdir(directory)
    try:
        os.execvpe(arguments[0], arguments, {**rehearsal.inherited(), **environment})
    except OSError as error:
        raise KokunaiError(f"cannot run: {error.strerror}", where=arguments[0], fix="name a program") from None


@app.command("down")
def down(
    context: typer.Context,
    purge: Annotated[bool, typer.Option("--purge", help="remove the rehearsal's directory, logs and keys too")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="end the processes and forget the stacks without destroying them")
    ] = False,
) -> None:
    """Destroy what the stacks created, end every process."""
    with Progress(()) as progress:
        _rehearsal(context, progress).down(purge=purge, force=force)


def _rehearsal(context: typer.Context, progress: Progress | None = None) -> Rehearsal:
    # Imported when it is wanted: clients and cryptography take longer than the other verbs do altogether.
    from rehearsal.commands import Rehearsal

    layout = Layout.of(context.obj.project)
    return Rehearsal(layout, context.obj.estate, *((progress.report,) if progress else ()))


def _sites(names: Sequence[str] | None) -> tuple[SiteName, ...]:
    unknown = [name for name in names or () if name not in SITES]
    if unknown:
        raise KokunaiError(f"{unknown[0]!r} is not a site", where="SITE", fix=f"use some of: {', '.join(SITES)}")
    return tuple(site for site in SITES if not names or site in names)


def _print_status(rehearsal: Rehearsal, format_: Format) -> bool:
    """Print every endpoint; whether there is one and all answer."""
    endpoints = rehearsal.status()
    if format_ is Format.JSON:
        print_json(
            SCHEMA,
            {
                "environment": "rehearsal",
                "ca_file": str(rehearsal.credentials.ca),
                "api_key_file": str(rehearsal.credentials.client_key),
                "endpoints": [
                    {
                        "site": e.site,
                        "service": e.service,
                        "url": e.url,
                        "fingerprint": e.fingerprint,
                        "answering": e.answering,
                    }
                    for e in endpoints
                ],
            },
        )
    else:
        print_table(
            "予行(模擬環境) rehearsal",
            ("site", "service", "url", "fingerprint", "answering"),
            [
                (e.site, e.service, e.url, _short(e.fingerprint), "yes" if e.answering else f"no: {e.reason}")
                for e in endpoints
            ],
        )
    return bool(endpoints) and all(endpoint.answering for endpoint in endpoints)


def _short(fingerprint: str) -> str:
    """Enough of a fingerprint to compare by eye."""
    head, _, digest = fingerprint.rpartition(":")
    return f"{head}:{digest[:12]}" if head else digest
