"""``fnlab up``: the platform as a process of its own."""

import signal
import threading
from pathlib import Path

import click

from fnlab.cli.connection import write_address
from fnlab.emulator import Emulator
from fnlab.errors import FnlabError


def run(home: Path, *, port: int, with_token: bool, region: str, account: str) -> None:
    """Serve until a signal or `fnlab down` ends it."""
    try:
        emulator = Emulator(home)
    except FnlabError as error:
        raise click.ClickException(str(error)) from None
    ended = threading.Event()
    with emulator:
        try:
            url = emulator.serve(port=port, with_token=with_token, region=region, account=account, down=ended.set)
        except (OSError, FnlabError) as error:
            raise click.ClickException(f"the platform cannot listen on port {port}: {error}") from None
        address = write_address(emulator.home.path, url, emulator.token)
        _say(url, emulator.token, region)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()
        click.echo("ending: instances are stopped, what was accepted is kept.")
        address.unlink(missing_ok=True)


def _say(url: str, token: str | None, region: str) -> None:
    key = token or "anything"
    click.echo(
        f"fnlab is at {url}. For AWS's clients:\n"
        f"  export AWS_ENDPOINT_URL_LAMBDA={url} AWS_REGION={region}\n"
        f"  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY=anything\n"
        "Ctrl-C or `fnlab down` ends it."
    )
