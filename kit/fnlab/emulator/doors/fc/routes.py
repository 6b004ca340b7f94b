"""Which operation a request asks for."""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from fnlab.emulator.doors.fc.refusals import Refusal

#: Every path begins with the version of the API.
PREFIX = "/2023-03-30"

_FUNCTION = "/functions/{function}"

#: The operations that are translated: method and path, by the name that the SDK sends as ``x-acs-action``.
ROUTES: Mapping[str, tuple[str, str]] = {
    "CreateFunction": ("POST", "/functions"),
    "ListFunctions": ("GET", "/functions"),
    "GetFunction": ("GET", _FUNCTION),
    "UpdateFunction": ("PUT", _FUNCTION),
    "DeleteFunction": ("DELETE", _FUNCTION),
    "GetFunctionCode": ("GET", f"{_FUNCTION}/code"),
    "DownloadFunctionCode": ("GET", f"{_FUNCTION}/code.zip"),
    "InvokeFunction": ("POST", f"{_FUNCTION}/invocations"),
    "PublishFunctionVersion": ("POST", f"{_FUNCTION}/versions"),
    "ListFunctionVersions": ("GET", f"{_FUNCTION}/versions"),
    "DeleteFunctionVersion": ("DELETE", f"{_FUNCTION}/versions/{{version}}"),
    "CreateAlias": ("POST", f"{_FUNCTION}/aliases"),
    "ListAliases": ("GET", f"{_FUNCTION}/aliases"),
    "GetAlias": ("GET", f"{_FUNCTION}/aliases/{{alias}}"),
    "UpdateAlias": ("PUT", f"{_FUNCTION}/aliases/{{alias}}"),
    "DeleteAlias": ("DELETE", f"{_FUNCTION}/aliases/{{alias}}"),
    "PutProvisionConfig": ("PUT", f"{_FUNCTION}/provision-config"),
    "GetProvisionConfig": ("GET", f"{_FUNCTION}/provision-config"),
    "DeleteProvisionConfig": ("DELETE", f"{_FUNCTION}/provision-config"),
    "ListProvisionConfigs": ("GET", "/provision-configs"),
    "PutScalingConfig": ("PUT", f"{_FUNCTION}/scaling-config"),
    "GetScalingConfig": ("GET", f"{_FUNCTION}/scaling-config"),
    "DeleteScalingConfig": ("DELETE", f"{_FUNCTION}/scaling-config"),
    "ListScalingConfigs": ("GET", "/scaling-configs"),
    "PutConcurrencyConfig": ("PUT", f"{_FUNCTION}/concurrency"),
    "GetConcurrencyConfig": ("GET", f"{_FUNCTION}/concurrency"),
    "DeleteConcurrencyConfig": ("DELETE", f"{_FUNCTION}/concurrency"),
    "ListConcurrencyConfigs": ("GET", "/concurrency-configs"),
    "PutAsyncInvokeConfig": ("PUT", f"{_FUNCTION}/async-invoke-config"),
    "GetAsyncInvokeConfig": ("GET", f"{_FUNCTION}/async-invoke-config"),
    "DeleteAsyncInvokeConfig": ("DELETE", f"{_FUNCTION}/async-invoke-config"),
    "ListAsyncInvokeConfigs": ("GET", "/async-invoke-configs"),
    "ListAsyncTasks": ("GET", f"{_FUNCTION}/async-tasks"),
    "GetAsyncTask": ("GET", f"{_FUNCTION}/async-tasks/{{task}}"),
    "StopAsyncTask": ("PUT", f"{_FUNCTION}/async-tasks/{{task}}/stop"),
    "ListInstances": ("GET", f"{_FUNCTION}/instances"),
    "TagResources": ("POST", "/tags-v2"),
    "UntagResources": ("DELETE", "/tags-v2"),
    "ListTagResources": ("GET", "/tags-v2"),
    "CreateLayerVersion": ("POST", "/layers/{layer}/versions"),
    "ListLayers": ("GET", "/layers"),
    "ListLayerVersions": ("GET", "/layers/{layer}/versions"),
    "GetLayerVersion": ("GET", "/layers/{layer}/versions/{version}"),
    "GetLayerVersionByArn": ("GET", "/layerarn/{arn}"),
    "DeleteLayerVersion": ("DELETE", "/layers/{layer}/versions/{version}"),
    "DescribeRegions": ("GET", "/regions"),
}


def match(method: str, path: str) -> tuple[str, dict[str, str]]:
    """Find an operation and the variable parts of its path.

    Raises
    ------
    Refusal
        If no operation is asked for in this way.

    Examples
    --------
    >>> match("GET", "/2023-03-30/functions/a%2Fb")
    ('GetFunction', {'function': 'a/b'})
    """
    parts = _parts(path.removeprefix(PREFIX)) if path.startswith(PREFIX + "/") else ()
    for operation, template in _with_length(len(parts)):
        if ROUTES[operation][0] == method and (found := _fit(template, parts)) is not None:
            return operation, found
    raise Refusal(f"the emulator does not support {method} of {path!r}.", code="PathNotSupported")


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _with_length(length: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    return ((operation, parts) for operation, parts in _TEMPLATES.items() if len(parts) == length)


def _fit(template: tuple[str, ...], parts: tuple[str, ...]) -> dict[str, str] | None:
    found = {}
    for wanted, part in zip(template, parts, strict=True):
        if wanted.startswith("{"):
            if not part:
                return None
            found[wanted[1:-1]] = unquote(part)
        elif wanted != part:
            return None
    return found


_TEMPLATES = {operation: _parts(template) for operation, (_, template) in ROUTES.items()}
