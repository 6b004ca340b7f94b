"""Which pages of other origins may call a URL: the settings of a function URL, applied."""

from collections.abc import Mapping, Sequence
from typing import Any

from fnlab.emulator.http.messages import Request

_ANY = "*"


def is_preflight(request: Request) -> bool:
    """Tell whether a browser asks beforehand what it may send."""
    headers = request.headers
    return request.method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def cors_headers(settings: Mapping[str, Any], request: Request) -> dict[str, str]:
    """Give the headers that let a page read the answer; none when its origin is not among the allowed ones.

    Parameters
    ----------
    settings : Mapping
        ``AllowOrigins``, ``AllowMethods``, ``AllowHeaders``, ``ExposeHeaders``, ``AllowCredentials`` and ``MaxAge``, as
        AWS Lambda's function URLs have them.

    Examples
    --------
    >>> page = Request("GET", "/", headers={"origin": "http://localhost:8080"})
    >>> cors_headers({"AllowOrigins": ["http://localhost:*"]}, page)
    {}
    >>> cors_headers({"AllowOrigins": ["*"]}, page)
    {'Access-Control-Allow-Origin': '*'}
    """
    origin = request.headers.get("origin")
    origins: Sequence[str] = settings.get("AllowOrigins") or ()
    if origin is None or not (_ANY in origins or origin.lower() in [allowed.lower() for allowed in origins]):
        return {}
    credentials = bool(settings.get("AllowCredentials"))
    found = {"Access-Control-Allow-Origin": _ANY if _ANY in origins and not credentials else origin}
    if found["Access-Control-Allow-Origin"] != _ANY:
        found["Vary"] = "Origin"
    if credentials:
        found["Access-Control-Allow-Credentials"] = "true"
    if is_preflight(request):
        return found | _permissions(settings)
    if exposed := settings.get("ExposeHeaders"):
        found["Access-Control-Expose-Headers"] = ",".join(exposed)
    return found


def _permissions(settings: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, header in (("AllowMethods", "Methods"), ("AllowHeaders", "Headers")):
        if listed := settings.get(name):
            found[f"Access-Control-Allow-{header}"] = ",".join(listed)
    if settings.get("MaxAge"):
        found["Access-Control-Max-Age"] = str(settings["MaxAge"])
    return found
