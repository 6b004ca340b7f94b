"""What can be said to ``fnlab``."""

import json
import sys
import time
from contextlib import suppress
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

#: Rate and latency in `top` are those of so many seconds.
_RECENT_S = 10.0

_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=None,
    help="The platform's folder; by default $FNLAB_HOME, else ~/.fnlab.",
)


_SHEET = click.option(
    "--sheet",
    type=click.Choice(cost.names("functions")),
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
    """Start the platform here, until Ctrl-C."""
    run(home or default_home(), port=port, with_token=not no_token, region=region, account=account)


@main.command()
@_HOME
def ps(home: Path | None) -> None:
    """List functions and their instances."""
    functions = _connected(home).functions()
    click.echo(show.instances(functions) if functions else "Nothing is deployed yet: `fnlab deploy FOLDER`.")


@main.command()
@_HOME
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", help="By default the folder's.")
@click.option("--handler", default="main:handler", show_default=True, help="module:function")
@click.option("--memory-mib", type=int, default=512, show_default=True)
@click.option("--timeout-s", type=float, default=3.0, show_default=True)
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="May be given several times.")
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of files to share; may be given several times, the first goes before the second.",
)
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
    layers: tuple[Path, ...],
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
            layers=tuple(Package.of_folder(layer) for layer in layers),
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
    """Call a function with an event.

    EVENT is JSON; `-` reads it from standard input. The answer goes to standard output; when the function fails, what
    it raised does, and the exit code is 1.
    """
    content = sys.stdin.buffer.read() if event == "-" else event.encode()
    answer = _connected(home).invoke(name, content, qualifier=qualifier, wait=not later)
    click.echo(answer.content)
    if answer.is_error:
        raise click.ClickException(show.failure(name, answer.content))


@main.command()
@_HOME
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines come.")
@click.option("--request-id", help="Only this request's lines.")
def logs(home: Path | None, name: str, follow: bool, request_id: str | None) -> None:
    """Show what a function prints.

    The platform's own lines are around it: START, END and REPORT of each request. What `-f` shows begins with the
    name of the instance's log.
    """
    connection = _connected(home)
    if not follow:
        click.echo(connection.logs(name, request_id=request_id), nl=False)
        return
    with suppress(KeyboardInterrupt):  # the usual way to stop
        for line in connection.follow(name):
            click.echo(line)


@main.command()
@_HOME
@click.option("--every-s", type=click.FloatRange(0.1), default=1.0, show_default=True)
@click.option("--times", type=click.IntRange(1), default=None, help="Stop after so many looks.")
@_SHEET
def top(home: Path | None, every_s: float, times: int | None, sheet: str) -> None:
    """Watch rate, latency and cost.

    A line a function: its instances, how many requests they are at, all calls so far, rate and latency of the last 10
    seconds, cold starts, and what all of it has cost.
    """
    connection = _connected(home)
    with suppress(KeyboardInterrupt):  # the usual way to stop
        for look in count(1):
            functions = connection.functions()
            traces = {function["name"]: connection.trace(function["name"]) for function in functions}
            if look > 1:
                click.clear()
            click.echo(show.pulse(functions, traces, last_s=_RECENT_S, sheet=sheet))
            if look == times:
                return
            time.sleep(every_s)


@main.command()
@_HOME
@click.argument("name", default="")
@_SHEET
def bill(home: Path | None, name: str, sheet: str) -> None:
    """Price what has happened so far.

    All of it, or what one function did. With a sheet of several tiers it is taken as the month's first usage.
    """
    click.echo(show.receipt(cost.bill(_connected(home).trace(name), sheet)))


@main.command()
@_HOME
@click.argument("name")
def remove(home: Path | None, name: str) -> None:
    """Take a function away."""
    _connected(home).remove(name)
    click.echo(f"{name} is gone.")


@main.command()
@_HOME
def down(home: Path | None) -> None:
    """End the platform.

    What was deployed is there again at the next `fnlab up`.
    """
    connection = _connected(home)
    connection.down()
    click.echo("The platform has ended.")


def _connected(home: Path | None) -> Connection:
    return Connection(home or default_home())


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.ClickException(f"--env must read NAME=VALUE; got {json.dumps(text)}.")
    return name, value
