"""Which door a request goes to."""

from collections.abc import Callable
from dataclasses import dataclass

from fnlab.emulator.doors.native import PREFIX, NativeDoor
from fnlab.emulator.http.access import HEALTH_PATH
from fnlab.emulator.http.messages import App, Request, Response, json_response, text_response
from fnlab.emulator.platform import Platform


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the platform pretends to be: what ARNs say.

    Attributes
    ----------
    region, account : str
        As in ``arn:aws:lambda:REGION:ACCOUNT:function:name``.
    """

    region: str = "us-east-1"
    account: str = "000000000000"


def front(platform: Platform, *, place: Place, down: Callable[[], None]) -> App:
    """Make the app that looks at a request's path and hands it to a door."""
    doors: list[tuple[Callable[[Request], bool], App]] = [
        (lambda request: request.path.startswith(PREFIX), NativeDoor(platform, down=down)),
        (lambda request: request.path == HEALTH_PATH, _healthy),
    ]

    async def app(request: Request) -> Response:
        for fits, door in doors:
            if fits(request):
                return await door(request)
        return json_response({"message": f"no door is at {request.path}."}, status=404)

    return app


async def _healthy(request: Request) -> Response:
    return text_response("ok\n")
