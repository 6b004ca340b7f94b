"""What can be said to ``fnlab``."""

import json
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from itertools import count
from pathlib import Path

import click

from fnlab import cost, errors
from fnlab.cli import show
from fnlab.cli.connection import Connection, default_home
from fnlab.cli.running import run
from fnlab.functions import Function, Package, Scaling

_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=None,
    help="The platform's folder; by default $FNLAB_HOME, else ~/.fnlab.",
)


_SHEET = click.option(
    "--sheet",
    type=click.Choice(cost.names("gb-seconds", "compute-units")),
    default=show.SHEET,
    show_default=True,
    help="Whose prices.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("fnlab"))
def main() -> None:
    """Run functions on this machine as a cloud would."""


@main.command()
@_HOME
@click.option("--port", type=click.IntRange(0, 65535), default=9001, show_default=True, help="0 takes a free one.")
@click.option("--no-token", is_flag=True, help="Let everybody on this machine in. For CI, on a machine of your own.")
@click.option("--region", default="us-east-1", show_default=True, help="What ARNs say.")
@click.option("--account", default="000000000000", show_default=True, help="What ARNs say.")
def up(home: Path | None, port: int, no_token: bool, region: str, account: str) -> None:
    """Start the platform, and stay until Ctrl-C or `fnlab down`."""
    run(home or default_home(), port=port, with_token=not no_token, region=region, account=account)


@main.command()
@_HOME
def ps(home: Path | None) -> None:
    """List functions and their instances."""
    click.echo(show.instances(_connected(home).functions()))


@main.command()
@_HOME
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", help="By default the folder's.")
@click.option("--handler", default="main:handler", show_default=True, help="module:function")
@click.option("--memory-mib", type=int, default=512, show_default=True)
@click.option("--timeout-s", type=float, default=3.0, show_default=True)
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="May be given several times.")
@click.option("--start", type=click.Choice(["fresh", "fork", "parked"]), default="fresh", show_default=True)
@click.option("--max-instances", type=int, default=100, show_default=True)
@click.option("--concurrency", type=int, default=1, show_default=True, help="Requests at once in an instance.")
def deploy(  # noqa: PLR0917  # one argument an option; click gives them by name
    home: Path | None,
    folder: Path,
    name: str | None,
    handler: str,
    memory_mib: int,
    timeout_s: float,
    env: tuple[str, ...],
    start: str,
    max_instances: int,
    concurrency: int,
) -> None:
    """Publish a folder of Python files as a function."""
    connection = _connected(home)
    try:
        function = Function(
            name=name or folder.resolve().name,
            handler=handler,
            package=Package.of_folder(folder),
            memory_mib=memory_mib,
            timeout_s=timeout_s,
            env=dict(_pair(text) for text in env),
            start=start,  # type: ignore[arg-type]  # click has checked it
            scaling=replace(Scaling(), max_instances=max_instances, concurrency=concurrency),
        )
    except errors.FnlabError as error:
        raise click.ClickException(str(error)) from None
    answer = connection.deploy(function)
    click.echo(f"{answer['name']} is deployed as version {answer['version']}.")


@main.command()
@_HOME
@click.argument("name")
@click.argument("event", default="null")
@click.option("--qualifier", help="A version, an alias or $LATEST; by default the newest version.")
@click.option("--async", "later", is_flag=True, help="Do not wait for the answer.")
def invoke(home: Path | None, name: str, event: str, qualifier: str | None, later: bool) -> None:
    """Call a function with an EVENT of JSON; `-` reads it from standard input."""
    content = sys.stdin.buffer.read() if event == "-" else event.encode()
    answer = _connected(home).invoke(name, content, qualifier=qualifier, wait=not later)
    click.echo(answer.content)
    if answer.is_error:
        raise SystemExit(1)


@main.command()
@_HOME
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines come.")
@click.option("--request-id", help="Only this request's lines.")
def logs(home: Path | None, name: str, follow: bool, request_id: str | None) -> None:
    """Show what a function's handlers print, and the platform's lines around it."""
    connection = _connected(home)
    if not follow:
        click.echo(connection.logs(name, request_id=request_id), nl=False)
        return
    for line in connection.follow(name):
        click.echo(line)


@main.command()
@_HOME
@click.option("--every-s", type=click.FloatRange(0.1), default=1.0, show_default=True)
@click.option("--times", type=click.IntRange(1), default=None, help="Stop after so many looks.")
@click.option(
    "--sheet", type=click.Choice(cost.names("gb-seconds", "compute-units")), default=show.SHEET, show_default=True
)
def top(home: Path | None, every_s: float, times: int | None, sheet: str) -> None:
    """Watch the functions: instances, rate, latency, and what they have cost so far."""
    connection = _connected(home)
    for look in count(1):
        functions = connection.functions()
        traces = {function["name"]: connection.trace(function["name"]) for function in functions}
        if look > 1:
            click.clear()
        click.echo(show.pulse(functions, traces, last_s=10.0, sheet=sheet))
        if look == times:
            return
        time.sleep(every_s)


@main.command()
@_HOME
@click.argument("name", default="")
@click.option(
    "--sheet", type=click.Choice(cost.names("gb-seconds", "compute-units")), default=show.SHEET, show_default=True
)
def bill(home: Path | None, name: str, sheet: str) -> None:
    """Price everything that has happened, or what one function did."""
    click.echo(show.receipt(cost.bill(_connected(home).trace(name), sheet)))


@main.command()
@_HOME
def down(home: Path | None) -> None:
    """End the platform; what was deployed is there again at the next `fnlab up`."""
    connection = _connected(home)
    connection.down()
    click.echo("The platform ends.")


def _connected(home: Path | None) -> Connection:
    return Connection(home or default_home())


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.ClickException(f"--env must read NAME=VALUE; got {json.dumps(text)}.")
    return name, value
