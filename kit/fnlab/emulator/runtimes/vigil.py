"""Waiting for a child process: that its program begins, that it ends, and how it did."""

import asyncio
import json
import os
import signal
from typing import Any

#: Where the kernel does not tell when a process ends, it is looked at this often.
_LOOK_S = 0.01

_WORD_BYTES = 4096


async def read_word(fd: int) -> dict[str, Any]:
    """Read what a launcher says until its program begins, or it ends; close the pipe."""
    loop = asyncio.get_running_loop()
    readable, said = asyncio.Event(), b""
    loop.add_reader(fd, readable.set)
    try:
        while True:
            await readable.wait()
            readable.clear()
            if not (piece := os.read(fd, _WORD_BYTES)):
                break
            said += piece
    finally:
        loop.remove_reader(fd)
        os.close(fd)
    word: dict[str, Any] = {}
    for line in said.splitlines():
        word |= json.loads(line)
    return word


async def ended(pid: int) -> None:
    """Wait for the end of a child without reaping it: its number must stay taken until its group has been killed."""
    if not hasattr(os, "pidfd_open"):
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            await asyncio.sleep(_LOOK_S)
        return
    loop = asyncio.get_running_loop()
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return  # it was stopped, and reaped, before we came to look
    over = asyncio.Event()
    loop.add_reader(fd, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def how_it_ended(pid: int) -> str:
    """Say it as AWS's runtime interface emulator does."""
    try:
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        end = None  # reaped by whoever stopped it
    if end is None or (end.si_code == os.CLD_EXITED and end.si_status == 0):
        return "Runtime exited without providing a reason"
    if end.si_code == os.CLD_EXITED:
        return f"Runtime exited with error: exit status {end.si_status}"
    name = signal.strsignal(end.si_status) or str(end.si_status)
    return f"Runtime exited with error: signal: {name.lower()}"
