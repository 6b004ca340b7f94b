"""The process of an instance: ``python -m fnlab.emulator.instance SETTINGS``, started by the supervisor only."""

import time

BEGAN_S = time.monotonic()  # before any other import: what came earlier is the interpreter's own start

import json  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, BinaryIO  # noqa: E402

from fnlab.emulator.instance import forking, runtime, wire  # noqa: E402
from fnlab.emulator.instance.lifeline import hold_lifeline  # noqa: E402
from fnlab.emulator.instance.phases import imports_by_package  # noqa: E402


def main(settings: dict[str, Any]) -> None:
    """Become ready, then serve until the supervisor closes the socket; or, as a fork server, make those who serve."""
    hold_lifeline(settings["lifeline_fd"])
    runtime.watch_own_memory()
    link = take(settings["socket_fd"])
    context = runtime.Context(
        function_name=settings["function_name"],
        version=settings["version"],
        memory_mib=settings["memory_mib"],
        package_dir=Path(settings["package_dir"]),
    )
    handler = start(settings["handler"], context, link, forks="control_fd" in settings)
    if handler is None:
        return
    if "control_fd" not in settings:
        serve(handler, context, link, settings["cpu_share"])
        return

    def child(own: dict[str, Any], fds: tuple[int, int], born_s: float) -> None:
        link.close()
        os.close(settings["lifeline_fd"])
        be_born(handler, context, settings | own, fds, born_s=born_s)

    forking.obey(take(settings["control_fd"]), child)


def start(handler_name: str, context: runtime.Context, link: socket.socket, *, forks: bool) -> runtime.Handler | None:
    """Load the handler and report how long each phase took; on failure report that and return None."""
    booted_s = time.monotonic()
    try:
        with imports_by_package() as packages:
            handler = runtime.load(handler_name, context)
        if forks and (reason := forking.why_not()):
            raise runtime.CannotFork(f"{reason}.")
    except BaseException as error:  # a handler that calls sys.exit() while importing has failed too
        link.sendall(wire.frame(wire.FAILED, runtime.describe_init(error, handler_name, context)))
        return None
    say_ready(context, link, began_s=BEGAN_S, booted_s=booted_s, packages=packages, forked=False)
    return handler


def be_born(
    handler: runtime.Handler,
    context: runtime.Context,
    settings: dict[str, Any],
    fds: tuple[int, int],
    *,
    born_s: float,
) -> None:
    """Live as a child of a fork server: everything is loaded, so be ready at once, then serve."""
    socket_fd, lifeline_fd = fds
    hold_lifeline(lifeline_fd)
    runtime.watch_own_memory()
    link = take(socket_fd)
    context.begin_anew()
    if settings["rehearse"]:
        runtime.rehearse(settings["handler"], context)
    say_ready(context, link, began_s=born_s, booted_s=born_s, packages={}, forked=True)
    serve(handler, context, link, settings["cpu_share"])


def say_ready(  # one argument a measurement
    context: runtime.Context,
    link: socket.socket,
    *,
    began_s: float,
    booted_s: float,
    packages: dict[str, float],
    forked: bool,
) -> None:
    """Report that the init is over, and where its time went."""
    report = {
        "began_s": began_s,
        "booted_s": booted_s,
        "phases": context.seconds,
        "packages": packages,
        "forked": forked,
        "peak_mib": runtime.peak_memory_mib(),
    }
    link.sendall(wire.frame(wire.READY, json.dumps(report).encode()))


def take(fd: int) -> socket.socket:
    """Own a socket that was handed down; what a handler starts must not keep it open."""
    link = socket.socket(fileno=fd)
    link.set_inheritable(False)
    return link


def serve(handler: runtime.Handler, context: runtime.Context, link: socket.socket, cpu_share: float) -> None:
    """Answer one invocation after the other."""
    with link.makefile("rb") as stream:
        while (body := read_frame(stream)) is not None:
            context.request_id, left_s, event = wire.read_invoke(body)
            context._deadline_s = time.monotonic() + left_s
            link.sendall(wire.result_frame(runtime.call(handler, context, event, cpu_share=cpu_share)))


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read the body of the next frame; None when the supervisor is gone."""
    head = stream.read(wire.HEAD.size)
    if len(head) < wire.HEAD.size:
        return None
    length, _ = wire.HEAD.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
