"""Names that nobody else gives: of requests, traces and everything that has to be told apart."""

import os

_RANDOM_BYTES = 16
_VARIANTS = "89ab"


def new_id() -> str:
    """Make a random UUID (version 4), as text: what :func:`uuid.uuid4` makes, without its objects.

    Examples
    --------
    >>> len(new_id()), new_id()[14]
    (36, '4')
    """
    digits = os.urandom(_RANDOM_BYTES).hex()
    variant = _VARIANTS[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
