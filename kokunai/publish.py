"""`kokunai publish SITE`: stack outputs → reachable and true to the contract → signed descriptor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.load import SITES, SiteName
from core.errors import EnvironmentFault, KokunaiError
from kokunai.terminal import Format, FormatOption, print_json, print_table


def command(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help=f"one of {', '.join(SITES)}")],
    key: Annotated[
        Path, typer.Option("--key", envvar="KOKUNAI_SIGNING_KEY", help="ed25519 private key that signs (PEM, mode 600)")
    ],
    api_key_file: Annotated[
        Path, typer.Option("--api-key-file", envvar="KOKUNAI_API_KEY_FILE", help="file with a key that the edge knows")
    ],
    directory: Annotated[
        Path | None, typer.Option("--descriptors", envvar="KOKUNAI_DESCRIPTORS", help="default: PROJECT/descriptors")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option("--ca", envvar="KOKUNAI_CA_FILE", help="authority of the edge's certificate (PEM)")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="host:port of the edge where its name does not lead to it")
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Probe a site's endpoints through their edge, describe and sign them."""
    # Imported when it is wanted: clients and cryptography take longer than the other verbs do altogether.
    from failover import publish, signing

    wanted = _site(site)
    endpoints = publish.read_outputs(_outputs(context.obj.project, wanted), where=f"stack {wanted}")
    if any(endpoint.fingerprint.startswith("rehearsal:") for endpoint in endpoints.values()):
        raise KokunaiError(
            "this stack is a rehearsal's; `kokunai rehearse up` publishes it",
            where=f"stack {wanted}",
            fix="leave the rehearsal's shell to publish a real stack",
        )
    try:
        api_key = api_key_file.read_text("utf-8").strip()
    except OSError as error:
        raise KokunaiError(
            f"cannot read the API key: {error.strerror}", where=str(api_key_file), fix="name a file with --api-key-file"
        ) from None
    found = publish.publish(
        wanted,
        endpoints,
        key=api_key,
        signer=signing.signer(key),
        directory=directory or context.obj.project / "descriptors",
        environment="production",
        ca=ca,
        address=address,
    )
    if format_ is Format.JSON:
        print_json("kokunai/publish/v1", {"descriptors": [json.loads(each.text()) for each in found]})
    else:
        print_table("published", ("site", "service", "url"), [(each.site, each.service, each.url) for each in found])


def _site(name: str) -> SiteName:
    for site in SITES:
        if site == name:
            return site
    raise KokunaiError(f"{name!r} is not a site", where="SITE", fix=f"use one of: {', '.join(SITES)}")


def _outputs(project: Path, site: SiteName) -> dict[str, Any]:
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise EnvironmentFault("pulumi is not on PATH", where="PATH", fix="install Pulumi")
    run = subprocess.run(
        [pulumi, "stack", "output", "--json", "--stack", site, "--non-interactive"],
        cwd=project,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise EnvironmentFault(
            run.stderr.strip(), where=f"stack {site}", fix="log in to the stack's backend and try again"
        )
    found: dict[str, Any] = json.loads(run.stdout)
    return found
