"""`kokunai <verb>`: exit 0 fine, 1 findings or a failed drill, 2 the input or the environment is at fault."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.errors import KokunaiError
from kokunai import check, doctor, publish, rehearse, schema
from kokunai.terminal import err

app = typer.Typer(
    name="kokunai",
    help="Your models, on four clouds, never outside Japan. / 国内で、どのクラウドでも、自社のモデルを。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    project: Annotated[
        Path,
        typer.Option(
            "--project",
            "-C",
            envvar="KOKUNAI_PROJECT",
            help="directory of Pulumi.yaml; default: the nearest one upwards",
        ),
    ] = Path(),
    estate: Annotated[
        Path | None, typer.Option("--estate", envvar="KOKUNAI_ESTATE", help="the estate; default: PROJECT/estate")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    """Options of every verb."""
    root = next(
        (each for each in (project.resolve(), *project.resolve().parents) if (each / "Pulumi.yaml").is_file()), None
    )
    context.obj = Settings(root, estate, debug)


class Settings:
    """What the options before the verb said."""

    def __init__(self, root: Path | None, estate: Path | None, debug: bool) -> None:
        self._root = root
        self._estate = estate
        self.debug = debug

    @property
    def project(self) -> Path:
        """The directory of Pulumi.yaml."""
        if self._root is None:
            raise KokunaiError(
                "no Pulumi.yaml here or above",
                where=str(Path.cwd()),
                fix="run in the project, or name it with --project",
            )
        return self._root

    @property
    def estate(self) -> Path:
        """The directory of the estate."""
        return self._estate.resolve() if self._estate else self.project / "estate"


app.command("check")(check.command)
app.command("doctor")(doctor.command)
app.command("publish")(publish.command)
app.command("schema")(schema.command)
app.add_typer(rehearse.app, name="rehearse")


def main() -> None:
    """Entry point: errors become their text and their exit code."""
    try:
        app()
    except KokunaiError as error:
        if "--debug" in sys.argv:
            raise
        err.print(str(error), markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
