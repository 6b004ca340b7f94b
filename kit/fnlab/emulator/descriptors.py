"""How many files this process may have open: enough for as many instances as an account may run."""

import contextlib
import resource

from fnlab.functions import Limits

#: What an instance takes of this process: its socket, its direct lane, its lifeline and its log; while it starts, the
#: other ends of the first three, too, and its log once more.
PER_INSTANCE = 8

#: For everything else: the store, HTTP connections, what the notebook itself has open.
BESIDE = 1024


def raise_limit() -> None:
    """Raise this process's own soft limit on open files, as far as the system allows; it is never lowered.

    Most systems start a process with 1,024 (macOS: 256), for the sake of programs that use ``select``, and let it ask
    for more. Two hundred instances need more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = PER_INSTANCE * Limits.of("aws-lambda").account_concurrency + BESIDE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit of its own beside the one it names
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
