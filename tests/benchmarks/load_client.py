"""A client that costs little: raw sockets that are kept open, in a process of its own.

Reads jobs as JSON, one a line, and answers each with its measurements, one a line.
"""

import json
import selectors
import socket
import statistics
import sys
import time


def main() -> None:
    """Do jobs until there are no more."""
    for line in sys.stdin:
        job = json.loads(line)
        request = job["request"].encode("latin-1")
        seconds = (
            one(job["port"], request, job["seconds"])
            if job["connections"] == 1
            else many(request=request, **{name: job[name] for name in ("port", "connections", "seconds")})
        )
        print(json.dumps(measurements(seconds, job["seconds"])), flush=True)


def measurements(seconds: list[float], duration_s: float) -> dict[str, float]:
    """Sum up what the requests of a job took."""
    seconds = sorted(seconds)
    return {
        "per_s": len(seconds) / duration_s,
        "p50_us": statistics.median(seconds) * 1e6,
        "p99_us": seconds[int(len(seconds) * 0.99)] * 1e6,
    }


def connect(port: int) -> socket.socket:
    """Open a connection that sends at once."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def length_of(answer: bytes) -> int | None:
    """Give the length of the whole answer; None while its head is not there."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return None
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"a server under measurement answers with 200; got {answer[:300]!r}")
    head = answer[:end].lower()
    at = head.index(b"content-length:") + len(b"content-length:")
    return end + 4 + int(head[at:].split(b"\r\n", 1)[0])


def one(port: int, request: bytes, duration_s: float) -> list[float]:
    """Ask again and again on one connection."""
    seconds = []
    with connect(port) as connection:
        until_s = time.perf_counter() + duration_s
        while (began_s := time.perf_counter()) < until_s:
            connection.sendall(request)
            answer = connection.recv(65536)
            while (length := length_of(answer)) is None or len(answer) < length:
                answer += connection.recv(65536)
            seconds.append(time.perf_counter() - began_s)
    return seconds


def many(*, port: int, request: bytes, connections: int, seconds: float) -> list[float]:
    """Ask again and again on each of several connections."""
    taken: list[float] = []
    selector = selectors.DefaultSelector()
    sockets = [connect(port) for _ in range(connections)]
    until_s = time.perf_counter() + seconds
    for connection in sockets:
        selector.register(connection, selectors.EVENT_READ, [time.perf_counter(), b""])
        connection.sendall(request)
    while time.perf_counter() < until_s:
        for key, _ in selector.select(timeout=1):
            state, connection = key.data, key.fileobj
            state[1] += connection.recv(65536)
            length = length_of(state[1])
            if length is not None and len(state[1]) >= length:
                now_s = time.perf_counter()
                taken.append(now_s - state[0])
                state[:] = now_s, b""
                connection.sendall(request)
    for connection in sockets:
        connection.close()
    return taken


if __name__ == "__main__":
    main()
