"""Extensions: programs beside the runtime that ask for events of their own, as far as a local function has them."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from fnlab.emulator.runtimes.httpwire import Exchange

_EVENTS = {"INVOKE", "SHUTDOWN"}


@dataclass
class _Extension:
    name: str
    events: set[str]
    waiting: Exchange | None = None
    unheard: list[bytes] = field(default_factory=list)

    def tell(self, event: Mapping[str, object]) -> None:
        if event["eventType"] in self.events:
            self.unheard.append(json.dumps(event).encode())
            self.hand_over()

    def hand_over(self) -> None:
        if self.waiting is not None and self.waiting.open and self.unheard:
            exchange, self.waiting = self.waiting, None
            exchange.reply(200, self.unheard.pop(0), {"Lambda-Extension-Event-Identifier": str(uuid.uuid4())})


class Extensions:
    """Those of one instance. The platform starts none; the function's own program may start and register them."""

    def __init__(self) -> None:
        self._by_id: dict[str, _Extension] = {}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def register(self, exchange: Exchange, about: Mapping[str, str]) -> None:
        """Take one in; `about` goes back to it."""
        name = exchange.headers.get("lambda-extension-name", "")
        try:
            events = set(json.loads(bytes(exchange.body) or b"{}").get("events", []))
        except (ValueError, AttributeError, TypeError):
            refuse(exchange, 400, "InvalidRequestFormat", "the body must be a JSON object with a list of events.")
            return
        if not name or events - _EVENTS:
            unknown = ", ".join(sorted(map(str, events - _EVENTS))) or "no Lambda-Extension-Name"
            refuse(exchange, 400, "InvalidEventType", f"events are INVOKE and SHUTDOWN, of a named one; got {unknown}.")
            return
        identifier = str(uuid.uuid4())
        self._by_id[identifier] = _Extension(name, events)
        exchange.reply(200, json.dumps(dict(about)).encode(), {"Lambda-Extension-Identifier": identifier})

    def wait(self, exchange: Exchange) -> None:
        """Give one its next event, when there is one."""
        extension = self._by_id.get(exchange.headers.get("lambda-extension-identifier", ""))
        if extension is None:
            refuse(exchange, 403, "InvalidExtensionIdentifier", "the Lambda-Extension-Identifier is not known.")
            return
        extension.waiting = exchange
        extension.hand_over()

    def tell(self, event: Mapping[str, object]) -> None:
        """Tell those who asked for events of this type."""
        for extension in self._by_id.values():
            extension.tell(event)


def refuse(exchange: Exchange, status: int, error_type: str, sentence: str) -> None:
    """Answer with an error, in the form of the Runtime API."""
    exchange.reply(status, json.dumps({"errorMessage": sentence, "errorType": error_type}).encode())
