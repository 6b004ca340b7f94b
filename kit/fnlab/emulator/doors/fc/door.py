"""The door itself: find the operation, do it, and answer as the service would."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from fnlab.emulator.doors.fc import functions, instances, invocations, layers, settings, tags, tasks, triggers, versions
from fnlab.emulator.doors.fc.call import PREFIX, Call, Place
from fnlab.emulator.doors.fc.refusals import Refusal, answer, refusal_of
from fnlab.emulator.doors.router import Handler, Router
from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.emulator.platform import Platform
from fnlab.errors import FnlabError

Operation = Callable[[Call], Awaitable[Response]]


class FcDoor:
    """Answers requests as Alibaba Function Compute 3.0 does; the official SDK may be pointed at it.

    Parameters
    ----------
    platform : Platform
        What does the work.
    region, account : str
        Where the platform pretends to be; parts of names.
    """

    def __init__(self, platform: Platform, *, region: str = Place.region, account: str = Place.account) -> None:
        self._platform = platform
        self._place = Place(region=region, account=account)
        routes = {(method, PREFIX + path): self._handler(operation) for method, path, operation in OPERATIONS.values()}
        self._router = Router(routes, unrouted=_unrouted)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return await self._router(request)

    def _handler(self, operation: Operation) -> Handler:
        async def handle(request: Request, **parameters: str) -> Response:
            call = Call(
                platform=self._platform,
                place=self._place,
                request=request,
                request_id=str(uuid.uuid4()),
                parameters=parameters,
            )
            try:
                response = await operation(call)
            except FnlabError as error:
                response = answer(refusal_of(error), call.request_id)
            return replace(response, headers={"X-Fc-Request-Id": call.request_id, **response.headers})

        return handle


def _unrouted(request: Request, methods: Sequence[str]) -> Response:
    request_id = str(uuid.uuid4())
    sentence = f"the emulator does not support {request.method} of {request.path!r}."
    refused = answer(Refusal(sentence, code="PathNotSupported"), request_id)
    return replace(refused, headers={"X-Fc-Request-Id": request_id, **refused.headers})


async def _regions(call: Call) -> Response:
    """DescribeRegions: there is one."""
    region = {
        "RegionId": call.place.region,
        "LocalName": call.place.region,
        "RegionEndpoint": call.request.headers.get("host", ""),
    }
    return json_response({"Regions": {"Region": [region]}})


#: The operations that are translated, by the name that the SDK sends as ``x-acs-action``.
OPERATIONS: Mapping[str, tuple[str, str, Operation]] = {
    "CreateFunction": ("POST", "/functions", functions.create),
    "ListFunctions": ("GET", "/functions", functions.list_all),
    "GetFunction": ("GET", "/functions/{function}", functions.get),
    "UpdateFunction": ("PUT", "/functions/{function}", functions.update),
    "DeleteFunction": ("DELETE", "/functions/{function}", functions.delete),
    "GetFunctionCode": ("GET", "/functions/{function}/code", functions.get_code),
    "DownloadFunctionCode": ("GET", "/functions/{function}/code.zip", functions.download_code),
    "InvokeFunction": ("POST", "/functions/{function}/invocations", invocations.invoke),
    "PublishFunctionVersion": ("POST", "/functions/{function}/versions", versions.publish),
    "ListFunctionVersions": ("GET", "/functions/{function}/versions", versions.list_versions),
    "DeleteFunctionVersion": ("DELETE", "/functions/{function}/versions/{version}", versions.delete_version),
    "CreateAlias": ("POST", "/functions/{function}/aliases", versions.create_alias),
    "ListAliases": ("GET", "/functions/{function}/aliases", versions.list_aliases),
    "GetAlias": ("GET", "/functions/{function}/aliases/{alias}", versions.get_alias),
    "UpdateAlias": ("PUT", "/functions/{function}/aliases/{alias}", versions.update_alias),
    "DeleteAlias": ("DELETE", "/functions/{function}/aliases/{alias}", versions.delete_alias),
    "PutProvisionConfig": ("PUT", "/functions/{function}/provision-config", settings.put_provision),
    "GetProvisionConfig": ("GET", "/functions/{function}/provision-config", settings.get_provision),
    "DeleteProvisionConfig": ("DELETE", "/functions/{function}/provision-config", settings.delete_provision),
    "ListProvisionConfigs": ("GET", "/provision-configs", settings.list_provisions),
    "PutScalingConfig": ("PUT", "/functions/{function}/scaling-config", settings.put_scaling),
    "GetScalingConfig": ("GET", "/functions/{function}/scaling-config", settings.get_scaling),
    "DeleteScalingConfig": ("DELETE", "/functions/{function}/scaling-config", settings.delete_provision),
    "ListScalingConfigs": ("GET", "/scaling-configs", settings.list_scalings),
    "PutConcurrencyConfig": ("PUT", "/functions/{function}/concurrency", settings.put_concurrency),
    "GetConcurrencyConfig": ("GET", "/functions/{function}/concurrency", settings.get_concurrency),
    "DeleteConcurrencyConfig": ("DELETE", "/functions/{function}/concurrency", settings.delete_concurrency),
    "ListConcurrencyConfigs": ("GET", "/concurrency-configs", settings.list_concurrencies),
    "PutAsyncInvokeConfig": ("PUT", "/functions/{function}/async-invoke-config", settings.put_async),
    "GetAsyncInvokeConfig": ("GET", "/functions/{function}/async-invoke-config", settings.get_async),
    "DeleteAsyncInvokeConfig": ("DELETE", "/functions/{function}/async-invoke-config", settings.delete_async),
    "ListAsyncInvokeConfigs": ("GET", "/async-invoke-configs", settings.list_asyncs),
    "ListAsyncTasks": ("GET", "/functions/{function}/async-tasks", tasks.list_all),
    "GetAsyncTask": ("GET", "/functions/{function}/async-tasks/{task}", tasks.get),
    "StopAsyncTask": ("PUT", "/functions/{function}/async-tasks/{task}/stop", tasks.stop),
    "ListInstances": ("GET", "/functions/{function}/instances", instances.list_all),
    "CreateTrigger": ("POST", "/functions/{function}/triggers", triggers.create),
    "ListTriggers": ("GET", "/functions/{function}/triggers", triggers.list_all),
    "GetTrigger": ("GET", "/functions/{function}/triggers/{trigger}", triggers.get),
    "UpdateTrigger": ("PUT", "/functions/{function}/triggers/{trigger}", triggers.update),
    "DeleteTrigger": ("DELETE", "/functions/{function}/triggers/{trigger}", triggers.delete),
    "TagResources": ("POST", "/tags-v2", tags.tag),
    "UntagResources": ("DELETE", "/tags-v2", tags.untag),
    "ListTagResources": ("GET", "/tags-v2", tags.list_all),
    "CreateLayerVersion": ("POST", "/layers/{layer}/versions", layers.create),
    "ListLayers": ("GET", "/layers", layers.list_all),
    "ListLayerVersions": ("GET", "/layers/{layer}/versions", layers.list_versions),
    "GetLayerVersion": ("GET", "/layers/{layer}/versions/{version}", layers.get),
    "GetLayerVersionByArn": ("GET", "/layerarn/{arn}", layers.get_by_arn),
    "DeleteLayerVersion": ("DELETE", "/layers/{layer}/versions/{version}", layers.delete),
    "DescribeRegions": ("GET", "/regions", _regions),
}
