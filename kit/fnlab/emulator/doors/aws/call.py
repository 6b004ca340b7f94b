"""One request to the door, taken apart."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

from fnlab.emulator.doors.aws.arn import LATEST, Scope, Target, check_name, check_qualifier, find_target
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import not_found, too_large
from fnlab.emulator.doors.aws.fields import Fields
from fnlab.emulator.doors.aws.routes import ARCHIVE_PATH
from fnlab.emulator.doors.url import PREFIX
from fnlab.emulator.http.access import credential_of
from fnlab.emulator.http.messages import Query, Request, Response
from fnlab.emulator.platform import Platform
from fnlab.emulator.state.catalog import Catalog
from fnlab.emulator.state.records import Entry
from fnlab.functions import Limits


@dataclass(frozen=True)
class Call:
    """A request, the operation that it names, and what serves it.

    Attributes
    ----------
    platform : Platform
        What all doors share.
    scope : Scope
        The region and the account that names are made with.
    operation : str
        As in the service's model.
    labels : Mapping
        The parts of the path, decoded.
    request : Request
        Everything else.
    request_id : str
        What the answer carries.
    """

    platform: Platform
    scope: Scope
    operation: str
    labels: Mapping[str, str]
    request: Request
    request_id: str

    @property
    def catalog(self) -> Catalog:
        """What is deployed."""
        return self.platform.catalog

    @cached_property
    def body(self) -> Fields:
        """The request's body."""
        return Fields.read(self.request.body)

    def check_size(self) -> None:
        """Refuse a request that carries more than Lambda takes of code."""
        most = Limits.of("aws-lambda").facts["code_bytes"]["request_max"]
        if len(self.request.body) > most:
            raise too_large(f"Request must be smaller than {most} bytes for the {self.operation} operation")

    def query(self, name: str) -> str | None:
        """Give a value of the query."""
        return self._query.get(name)

    @cached_property
    def _query(self) -> Query:
        return self.request.query

    def header(self, name: str) -> str | None:
        """Give a header."""
        return self.request.headers.get(name.lower())

    def location(self, archive: str) -> str:
        """Write the address at which this door serves an archive; like AWS's, it carries the right to read it."""
        shown = credential_of(self.request)
        right = f"?X-Amz-Credential={quote(shown, safe='')}/" if shown else ""
        return f"{self._origin}{ARCHIVE_PATH}{archive}{right}"

    def function_url(self, name: str, qualifier: str) -> str:
        """Write the address at which a function is called as a plain web server."""
        suffix = "" if qualifier == LATEST else f":{qualifier}"
        return f"{self._origin}{PREFIX}{name}{suffix}/"

    @property
    def _origin(self) -> str:
        return f"http://{self.header('host') or 'localhost'}"

    def number(self, name: str, *, least: int | None = None, most: int | None = None) -> int | None:
        """Give a whole number of the query."""
        text = self.query(name)
        if text is None:
            return None
        checks, at = Checks(), name[0].lower() + name[1:]
        if not text.lstrip("-").isdecimal() or len(text) > 18:
            checks.add(text, at, "Member must be a number")
            checks.done()
        checks.between(int(text), at, least=least, most=most)
        checks.done()
        return int(text)

    def target(self, *, found: bool = False) -> Target:
        """Give the function that the path names, and the qualifier from there or from the query."""
        return _target(self.labels["FunctionName"], self.query("Qualifier"), self.scope, found)

    def entry(self, name: str, qualifier: str | None = None) -> Entry:
        """Find a function; the answer to a miss names what was looked for."""
        if name not in self.catalog:
            raise not_found(f"Function not found: {self.scope.function(name, qualifier)}")
        return self.catalog[name]


@lru_cache(maxsize=1024)  # every invocation asks, mostly for the same few functions
def _target(written: str, qualifier: str | None, scope: Scope, found: bool) -> Target:
    checks = Checks()
    check_qualifier(checks, qualifier)
    check_name(checks, written, found=found)
    checks.done()
    return find_target(written, qualifier, scope)


#: What serves an operation.
Handler = Callable[[Call], Awaitable[Response]]


def answer(content: Mapping[str, Any], *, status: int = 200) -> Response:
    """Answer with JSON; what is None is left out."""
    kept = {name: value for name, value in content.items() if value is not None}
    body = json.dumps(kept, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Response(status, {"Content-Type": "application/json"}, body.encode(errors="replace"))


def nothing(*, status: int = 204) -> Response:
    """Answer that it is done."""
    return Response(status, {"Content-Type": "application/json"})
