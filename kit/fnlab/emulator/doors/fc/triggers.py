"""The operations on triggers, of which there is one kind here: HTTP, which is a function URL."""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fnlab.emulator.doors.fc.call import LATEST, Call, given, timestamp
from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.doors.fc.settings import DRAFT_KEY
from fnlab.emulator.http.messages import Response, json_response

#: In a URL's settings: what makes it a trigger of Function Compute.
TRIGGER = "Trigger"

#: How the service calls who may call, and how a URL's settings do.
_AUTH = {"anonymous": "NONE", "function": "AWS_IAM"}

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


async def create(call: Call) -> Response:
    """CreateTrigger."""
    content = call.content()
    name, kind = given(content, "triggerName", str, ""), given(content, "triggerType", str, "")
    if not name:
        raise Refusal("a trigger must have a triggerName; got none.")
    if kind != "http":
        raise Refusal(f"the emulator has triggers of the type http only; got {kind!r}.")
    qualifier = _key(given(content, "qualifier", str, LATEST))
    urls = call.platform.catalog[call.function].urls
    if any(settings.get(TRIGGER, {}).get("name") == name for settings in urls.values()):
        raise Refusal(f"a trigger's name must be free; {name!r} is taken.", code="TriggerAlreadyExists", status=409)
    _check_free(call, qualifier)
    now_s = time.time()
    trigger = {"name": name, "created_s": now_s, "modified_s": now_s, "account": call.place.account}
    return _set(call, qualifier, content, trigger)


async def update(call: Call) -> Response:
    """UpdateTrigger: what is not given stays."""
    qualifier, settings = _asked(call)
    content = {"triggerConfig": settings[TRIGGER]["config"], "description": settings[TRIGGER]["description"]}
    changes = {name: value for name, value in call.content().items() if value is not None}
    target = _key(given(changes, "qualifier", str, qualifier))
    if target != qualifier:
        _check_free(call, target)
    answer = _set(call, target, content | changes, {**settings[TRIGGER], "modified_s": time.time()})
    if target != qualifier:
        call.platform.catalog.set_url(call.function, qualifier, None)
    return answer


async def get(call: Call) -> Response:
    """GetTrigger."""
    return json_response(_described(call, *_asked(call)))


async def list_all(call: Call) -> Response:
    """ListTriggers."""
    prefix = call.query("prefix") or ""
    urls = call.platform.catalog[call.function].urls
    found = [(key, settings) for key, settings in urls.items() if TRIGGER in settings]
    found = [pair for pair in found if pair[1][TRIGGER]["name"].startswith(prefix)]
    page, token = call.page(found, lambda pair: str(pair[1][TRIGGER]["name"]))
    return json_response({"triggers": [_described(call, *pair) for pair in page], **token})


async def delete(call: Call) -> Response:
    """DeleteTrigger."""
    qualifier, _ = _asked(call)
    call.platform.catalog.set_url(call.function, qualifier, None)
    return Response(204)


def url_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Translate an ``HTTPTriggerConfig`` into settings of a function URL.

    Examples
    --------
    >>> url_settings({"authType": "anonymous", "methods": ["GET"]})
    {'AuthType': 'NONE', 'Methods': ['GET']}
    """
    auth = given(config, "authType", str, "")
    if auth not in _AUTH:
        raise Refusal(f"authType must be one of {', '.join(_AUTH)}; the emulator has no other, got {auth!r}.")
    methods = given(config, "methods", list, [])
    if not all(isinstance(method, str) and method in _METHODS for method in methods):
        raise Refusal(f"methods must be among {', '.join(sorted(_METHODS))}; got {methods!r}.")
    settings: dict[str, Any] = {"AuthType": _AUTH[auth], "Methods": methods}
    if cors := given(config, "corsConfig", dict, {}):
        settings["Cors"] = _cors(cors)
    return settings


def _cors(config: Mapping[str, Any]) -> dict[str, Any]:
    """Write what pages of other origins may do in the words of a function URL, which differ by a capital."""
    found: dict[str, Any] = {
        "AllowCredentials": given(config, "allowCredentials", bool, False),
        "MaxAge": given(config, "maxAge", int, 0),
    }
    for name in ("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders"):
        listed = given(config, name, list, [])
        if not all(isinstance(text, str) and text.isascii() and text.isprintable() for text in listed):
            raise Refusal(f"{name} must be a list of printable texts; got {listed!r}.")
        found[name[0].upper() + name[1:]] = listed
    return found


def _set(call: Call, qualifier: str, content: Mapping[str, Any], trigger: Mapping[str, Any]) -> Response:
    text = given(content, "triggerConfig", str, "{}")
    try:
        config = json.loads(text)
    except ValueError as error:
        raise Refusal(f"triggerConfig must be JSON: {error}.") from None
    if not isinstance(config, dict):
        raise Refusal(f"triggerConfig must be a JSON object; got a {type(config).__name__}.")
    kept = {**trigger, "config": text, "description": given(content, "description", str, "")}
    settings = url_settings(config) | {TRIGGER: kept}
    call.platform.catalog.set_url(call.function, qualifier, settings)
    return json_response(_described(call, qualifier, settings))


def _asked(call: Call) -> tuple[str, Mapping[str, Any]]:
    name = call.parameters["trigger"]
    for qualifier, settings in call.platform.catalog[call.function].urls.items():
        if settings.get(TRIGGER, {}).get("name") == name:
            return qualifier, settings
    raise Refusal(f"{call.function!r} has no trigger {name!r}.", code="TriggerNotFound", status=404)


def _check_free(call: Call, qualifier: str) -> None:
    call.platform.catalog.version(call.function, qualifier)
    if qualifier in call.platform.catalog[call.function].urls:
        sentence = f"a version or alias has one HTTP trigger, or function URL; {qualifier!r} has its own."
        raise Refusal(sentence, code="TriggerAlreadyExists", status=409)


def _key(qualifier: str) -> str:
    return DRAFT_KEY if qualifier in (LATEST, DRAFT_KEY) else qualifier


def _described(call: Call, qualifier: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    trigger = settings[TRIGGER]
    arn = call.place.arn("functions", call.function)
    suffix = "" if qualifier == DRAFT_KEY else quote(f":{qualifier}", safe=":")
    url = f"http://{call.request.headers.get('host', '127.0.0.1')}/url/{call.function}{suffix}/"
    return {
        "triggerId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}/{trigger['name']}@{trigger['created_s']}")),
        "triggerName": trigger["name"],
        "triggerType": "http",
        "triggerConfig": trigger["config"],
        "description": trigger["description"],
        "qualifier": LATEST if qualifier == DRAFT_KEY else qualifier,
        "httpTrigger": {"urlInternet": url, "urlIntranet": url},
        "targetArn": arn,
        "createdTime": timestamp(trigger["created_s"]),
        "lastModifiedTime": timestamp(trigger["modified_s"]),
    }
