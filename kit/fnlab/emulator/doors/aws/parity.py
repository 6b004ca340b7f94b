"""What of AWS Lambda this door does as AWS does, and where it differs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parity:
    """One operation's standing."""

    translated: bool
    differs: str = ""


PARITY: dict[str, Parity] = {}
