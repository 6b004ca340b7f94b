"""``fnlab up``: the platform as a process of its own."""

import signal
import threading
from pathlib import Path

import click

from fnlab.cli.connection import write_address
from fnlab.emulator import Emulator
from fnlab.errors import FnlabError

#: Ctrl-C, the system's usual word, and a terminal that is closed.
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(home: Path, *, port: int, with_token: bool, region: str, account: str) -> None:
    """Serve until a signal or `fnlab down` ends it."""
    ended = threading.Event()
    for number in _ENDINGS:  # from here on: whoever starts it may think better of it at once
        signal.signal(number, lambda *_: ended.set())
    try:
        emulator = Emulator(home)
    except (OSError, FnlabError) as error:
        raise click.ClickException(_sentence(error)) from None
    with emulator:
        try:
            url = emulator.serve(port=port, with_token=with_token, region=region, account=account, down=ended.set)
            token = emulator.token if with_token else None
        except OSError as error:
            raise click.ClickException(
                f"the platform cannot listen on port {port}: {error.strerror}; choose another one with --port, "
                "or --port 0 for any."
            ) from None
        except FnlabError as error:
            raise click.ClickException(str(error)) from None
        address = write_address(emulator.home.path, url, token)
        _say(url, token, region)
        ended.wait()
        address.unlink(missing_ok=True)
        click.echo("ending: instances are stopped; what was deployed and accepted is kept.")


def _sentence(error: OSError | FnlabError) -> str:
    if isinstance(error, OSError):
        return f"the platform needs a home that it can write to; got {str(error.filename)!r}: {error.strerror}."
    return str(error)


def _say(url: str, token: str | None, region: str) -> None:
    key = token or "anything"
    click.echo(
        f"fnlab is at {url}. For AWS's clients:\n"
        f"  export AWS_ENDPOINT_URL_LAMBDA={url} AWS_REGION={region}\n"
        f"  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY=anything\n"
        "Ctrl-C or `fnlab down` ends it."
    )
