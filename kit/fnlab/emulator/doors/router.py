"""From a method and a path to the function that answers: an explicit table, looked up segment by segment."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from fnlab.emulator.http.messages import Request, Response
from fnlab.errors import BadValue

#: Called with the request and, by name, the path's parameters.
Handler = Callable[..., Awaitable[Response]]

_Handlers = dict[str, tuple[Handler, tuple[str, ...]]]  # by method; with the names of the parameters

#: Makes the answer when no route fits. It gets the methods that the path has, in order; there are none when the path is
#: unknown (404), and some when only the method is wrong (405).
Unrouted = Callable[[Request, Sequence[str]], Response]


@dataclass(slots=True)
class _Node:
    """A place in the tree of segments."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None  # any one segment
    handlers: _Handlers = field(default_factory=dict)  # of a path that ends here
    rest_handlers: _Handlers = field(default_factory=dict)  # whatever follows


class Router:
    """A table of routes; itself an app.

    Parameters
    ----------
    routes : mapping
        From ``(method, template)`` to an async function. ``{name}`` in a template stands for one segment, and is handed
        over decoded: an encoded slash or colon, as in an ARN, is part of it. ``{name+}`` at the end stands for
        everything that follows, as it was sent. A literal segment goes before a parameter, and a slash at the end of a
        path does not matter.
    unrouted : callable
        Answers when no route fits.

    Raises
    ------
    BadValue
        If two routes are the same, or a template cannot be read.
    """

    def __init__(self, routes: Mapping[tuple[str, str], Handler], *, unrouted: Unrouted) -> None:
        self._root = _Node()
        self._unrouted = unrouted
        for (method, template), handler in routes.items():
            self._add(method, template, handler)

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        found = self.match(request.method, request.path)
        if isinstance(found, list):
            return self._unrouted(request, found)
        handler, parameters = found
        return await handler(request, **parameters)

    def match(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | list[str]:
        """Find the handler and its parameters; else the methods that the path does have."""
        others: set[str] = set()
        segments = path.split("/")[1:]
        for handlers, values in _places(self._root, segments, 0, ()):
            if method in handlers:
                handler, names = handlers[method]
                return handler, dict(zip(names, values, strict=True))
            others |= handlers.keys()
        return sorted(others)

    def _add(self, method: str, template: str, handler: Handler) -> None:
        node, names, rest = self._root, [], False
        for segment in template.rstrip("/").split("/")[1:]:
            if rest or not template.startswith("/"):
                raise BadValue(f"a route begins with a slash and ends with its {{name+}}; got {template!r}.")
            if segment.startswith("{") and segment.endswith("}"):
                rest = segment.endswith("+}")
                names.append(segment[1:-2] if rest else segment[1:-1])
                if not rest:
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        handlers = node.rest_handlers if rest else node.handlers
        if method in handlers:
            raise BadValue(f"a route stands in the table once; {method} {template!r} stands there twice.")
        handlers[method] = (handler, tuple(names))


def _places(
    node: _Node, segments: Sequence[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Handlers, tuple[str, ...]]]:
    """Go through the places of the tree that fit a path, best first."""
    left = len(segments) - at
    if left == 0 or (left == 1 and segments[at] == ""):
        if node.handlers:
            yield node.handlers, values
    else:
        segment = segments[at]
        if (child := node.literals.get(segment)) is not None:
            yield from _places(child, segments, at + 1, values)
        if node.parameter is not None and segment:
            yield from _places(node.parameter, segments, at + 1, (*values, unquote(segment)))
    if node.rest_handlers:
        yield node.rest_handlers, (*values, "/".join(segments[at:]))
