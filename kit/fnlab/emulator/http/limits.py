"""How much of the server one caller may take. These are our own choices; vendors' quotas are checked by the doors."""

from dataclasses import dataclass

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, kw_only=True)
class HttpLimits:
    """Bounds on what a caller may send, and on how long it may take.

    Attributes
    ----------
    max_url_bytes, max_head_bytes, max_headers : int
        The request's target, the whole head, and the number of its headers. Generous: AWS's own signed URLs take 2 KiB,
        a client context up to 4 KiB.
    max_body_bytes : int
        Room for the largest thing a door takes, a 50 MB archive in base64, and half as much again.
    max_connections : int
        So that callers cannot use up the descriptors that instances need.
    head_timeout_s : float
        From a message's first byte, or from connecting, to the end of its head.
    body_timeout_s, min_body_bytes_per_s : float, int
        A body has this long, and a second more for each so many bytes that have come.
    keep_alive_s : float
        How long a connection may be idle between two requests.
    write_timeout_s : float
        How long a caller may not read its answer.
    linger_s : float
        How long a closing connection swallows what still comes, so that its last answer is not lost by a reset.
    """

    max_url_bytes: int = 16 * _KIB
    max_head_bytes: int = 64 * _KIB
    max_headers: int = 128
    max_body_bytes: int = 100 * _MIB
    max_connections: int = 512
    head_timeout_s: float = 10
    body_timeout_s: float = 20
    min_body_bytes_per_s: int = 16 * _KIB
    keep_alive_s: float = 65
    write_timeout_s: float = 30
    linger_s: float = 1
