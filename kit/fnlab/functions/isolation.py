"""What an instance may do beside answering."""

from dataclasses import dataclass

from fnlab.errors import BadValue


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """The walls around an instance.

    Parameters
    ----------
    sandbox : bool
        Whether the instance is confined to its own files, as far as the machine can do that. ``Deployed.sandbox`` says
        which parts are on.
    network : bool
        Whether it may open connections. Programs of other runtimes than ``"python"`` must: they are asked that way.
    freeze : bool
        Whether it stands still between requests, as on the cloud: its background threads then run only while a request
        does.
    files, processes : int
        How many files it may have open, and how many processes and threads it may have. AWS Lambda allows 1,024 of
        each.
    """

    sandbox: bool = True
    network: bool = True
    freeze: bool = False
    files: int = 1024
    processes: int = 1024

    def __post_init__(self) -> None:
        for name, value, least in (("files", self.files, 64), ("processes", self.processes, 1)):
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise BadValue(f"{name} must be a whole number of at least {least}; got {value!r}.")
