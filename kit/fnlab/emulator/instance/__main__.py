"""The process of an instance: ``python -m fnlab.emulator.instance SETTINGS``, started by the supervisor only."""

import time

BEGAN_S = time.monotonic()  # before any other import: what came earlier is the interpreter's own start

import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from fnlab.emulator.instance import failures, forking, logs, memory, runtime, wire  # noqa: E402
from fnlab.emulator.instance.batching import BatchServer  # noqa: E402
from fnlab.emulator.instance.confine import Part, Walls  # noqa: E402
from fnlab.emulator.instance.context import Context, Deployment  # noqa: E402
from fnlab.emulator.instance.lanes import Lane  # noqa: E402
from fnlab.emulator.instance.lifeline import hold_lifeline  # noqa: E402
from fnlab.emulator.instance.phases import Stopwatch, imports_by_package  # noqa: E402
from fnlab.emulator.instance.serving import Manner, Server  # noqa: E402


def main(settings: dict[str, Any]) -> None:
    """Become ready, then serve until the supervisor closes the socket; or, as a fork server, make those who serve."""
    hold_lifeline(settings["lifeline_fd"])
    memory.watch()
    link = take(settings["socket_fd"])
    deployment = deployment_of(settings)
    signal.signal(signal.SIGTERM, runtime.end_quietly)
    forks = "control_fd" in settings
    walls = Walls(settings, forks=forks)
    handler = start(settings, Context(deployment), link, confined=walls.parts, forks=forks)
    if handler is None:
        return
    if "control_fd" not in settings:
        serve(handler, deployment, settings, [link, *take_direct(settings)])
        return

    def child(own: dict[str, Any], fds: Sequence[int], born_s: float) -> None:
        link.close()
        os.close(settings["lifeline_fd"])
        be_born(handler, deployment, settings | own, fds, walls, born_s=born_s)

    forking.obey(take(settings["control_fd"]), child)


def deployment_of(settings: dict[str, Any]) -> Deployment:
    """Read what all requests of this instance have in common."""
    return Deployment(
        function_name=settings["function_name"],
        version=settings["version"],
        memory_mib=settings["memory_mib"],
        package_dir=Path(settings["package_dir"]),
        handler=settings["handler"],
        timeout_s=settings.get("timeout_s", 0.0),
    )


def start(
    settings: dict[str, Any], context: Context, link: socket.socket, *, confined: dict[str, Part], forks: bool
) -> runtime.Handler | None:
    """Load the handler and report how long each phase took; on failure report that and return None."""
    booted_s = time.monotonic()
    handler_name = settings["handler"]
    try:
        with imports_by_package() as packages:
            handler = runtime.load(handler_name, context)
        logs.take_over()
        if settings.get("batch"):
            runtime.batch_of(handler_name)  # to have it said now if there is none
        if forks and (reason := forking.why_not()):
            raise failures.CannotFork(f"{reason}.")
    except BaseException as error:  # a handler that calls sys.exit() while importing has failed too
        link.sendall(wire.frame(wire.FAILED, failures.describe_init(error, handler_name, context)))
        return None
    say_ready(
        context.seconds, link, began_s=BEGAN_S, booted_s=booted_s, packages=packages, confined=confined, forked=False
    )
    return handler


def be_born(
    handler: runtime.Handler,
    deployment: Deployment,
    settings: dict[str, Any],
    fds: Sequence[int],
    walls: Walls,
    *,
    born_s: float,
) -> None:
    """Live as a child of a fork server: everything is loaded, so be ready at once, then serve."""
    socket_fd, lifeline_fd, *direct_fds = fds
    hold_lifeline(lifeline_fd)
    memory.watch()
    link = take(socket_fd)
    walls.narrow(settings["temporary_dir"])
    deployment = replace(deployment, stopwatch=Stopwatch())  # what the parent did is not the child's time
    context = Context(deployment)
    if settings["rehearse"]:
        runtime.rehearse(settings["handler"], context)
    say_ready(context.seconds, link, began_s=born_s, booted_s=born_s, packages={}, confined=walls.parts, forked=True)
    serve(handler, deployment, settings, [link, *map(take, direct_fds)])


def say_ready(  # one argument a measurement
    phases: dict[str, float],
    link: socket.socket,
    *,
    began_s: float,
    booted_s: float,
    packages: dict[str, float],
    confined: dict[str, Part],
    forked: bool,
) -> None:
    """Report that the init is over, and where its time went."""
    report = {
        "began_s": began_s,
        "booted_s": booted_s,
        "phases": phases,
        "packages": packages,
        "confined": confined,
        "forked": forked,
        "peak_mib": memory.peak_mib(),
    }
    link.sendall(wire.frame(wire.READY, json.dumps(report).encode()))


def take(fd: int) -> socket.socket:
    """Own a socket that was handed down; what a handler starts must not keep it open."""
    link = socket.socket(fileno=fd)
    link.set_inheritable(False)
    return link


def take_direct(settings: dict[str, Any]) -> list[socket.socket]:
    """Own the socket of the direct lane, where there is one."""
    return [take(settings["direct_fd"])] if "direct_fd" in settings else []


def serve(
    handler: runtime.Handler, deployment: Deployment, settings: dict[str, Any], links: Sequence[socket.socket]
) -> None:
    """Answer until the supervisor closes the first of the sockets, then let the handler's module clear up."""
    ending = runtime.Ending(settings["handler"], Context(deployment))
    ending.on_sigterm()
    manner = Manner(
        cpu_share=settings["cpu_share"],
        concurrency=settings.get("concurrency", 1),
        raw=settings.get("payload", "json") == "bytes",
        batch_wait_s=settings.get("batch_wait_s", 0.0),
    )
    if settings.get("batch"):
        server: Server = BatchServer(handler, deployment, manner, runtime.batch_of(settings["handler"]))
    else:
        server = Server(handler, deployment, manner)
    server.serve(*map(Lane, links))
    ending()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
