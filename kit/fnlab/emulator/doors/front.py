"""Which door a request goes to."""

from collections.abc import Callable
from dataclasses import dataclass

from fnlab.emulator.arn import ACCOUNT, REGION
from fnlab.emulator.doors import cloudevents, fc, metrics, native, oip
from fnlab.emulator.doors.aws import AwsDoor
from fnlab.emulator.doors.aws.errors import gate_refusal
from fnlab.emulator.doors.cloudevents import CloudEventsDoor
from fnlab.emulator.doors.fc import FcDoor
from fnlab.emulator.doors.metrics import MetricsDoor
from fnlab.emulator.doors.native import NativeDoor
from fnlab.emulator.doors.oip import InferenceDoor
from fnlab.emulator.doors.url import UrlDoor
from fnlab.emulator.http.access import HEALTH_PATH, plain_refusal
from fnlab.emulator.http.messages import App, Request, Response, json_response, text_response
from fnlab.emulator.platform import Platform

#: Tells whether a request is for a door.
Fits = Callable[[Request], bool]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the platform pretends to be: what ARNs say.

    Attributes
    ----------
    region, account : str
        As in ``arn:aws:lambda:REGION:ACCOUNT:function:name``.
    """

    region: str = REGION
    account: str = ACCOUNT


class Front:
    """Looks at a request and hands it to a door.

    Parameters
    ----------
    platform : Platform
        What is behind the doors.
    place : Place
        What names say.
    down : callable
        Ends the platform, when somebody asks for that.
    """

    def __init__(self, platform: Platform, *, place: Place, down: Callable[[], None]) -> None:
        self._urls = UrlDoor(platform)
        where = {"region": place.region, "account": place.account}
        self._aws = AwsDoor(platform, **where)
        self._doors: list[tuple[Fits, App]] = [
            (self._urls.fits, self._urls),  # first, because a function may have a host name of its own
            (_below(fc.PREFIX), FcDoor(platform, **where)),
            (AwsDoor.fits, self._aws),
            (_below(native.PREFIX), NativeDoor(platform, down=down)),
            (_below(oip.PREFIX), InferenceDoor(platform)),
            (_below(cloudevents.PREFIX), CloudEventsDoor(platform)),
            (_below(metrics.PATH), MetricsDoor(platform.meter, platform)),
            (_below(HEALTH_PATH), _healthy),
        ]

    def is_open(self, request: Request) -> bool:
        """Tell whether a request needs no token: its owner has opened the URL."""
        return self._urls.fits(request) and self._urls.is_open(request)

    def refuse(self, request: Request, status: int, sentence: str) -> Response:
        """Refuse a request without a token in the shape that its sender expects."""
        if _below(fc.PREFIX)(request):
            return fc.gate_refusal(request, status, sentence)
        if AwsDoor.fits(request):
            return gate_refusal(request, status, sentence)
        return plain_refusal(request, status, sentence)

    def prompt(self, request: Request, reply: Callable[[Response], None]) -> bool:
        """Have a plain invocation answered without a task; of everything else False says that it needs one."""
        if ".localhost" in request.headers.get("host", "").lower():
            return False  # perhaps a function's own host name
        return self._aws.prompt(request, reply)

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        for fits, door in self._doors:
            if fits(request):
                return await door(request)
        return json_response({"message": f"no door is at {request.path}."}, status=404)


def _below(prefix: str) -> Fits:
    return lambda request: request.path == prefix or request.path.startswith(f"{prefix}/")


async def _healthy(request: Request) -> Response:
    return text_response("ok\n")
