"""The door itself: find the operation, do it, and answer as the service would."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from fnlab.emulator.doors.fc import functions, instances, invocations, layers, settings, tags, tasks, versions
from fnlab.emulator.doors.fc.call import Call, Place
from fnlab.emulator.doors.fc.refusals import answer, refusal_of
from fnlab.emulator.doors.fc.routes import match
from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.emulator.platform import Platform
from fnlab.errors import FnlabError


class FcDoor:
    """Answers requests as Alibaba Function Compute 3.0 does; the official SDK may be pointed at it.

    Parameters
    ----------
    platform : Platform
        What does the work.
    place : Place, optional
        Region and account, which are parts of names.
    """

    def __init__(self, platform: Platform, *, place: Place | None = None) -> None:
        self._platform = platform
        self._place = place or Place()

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        try:
            operation, parameters = match(request.method, request.path)
            call = Call(
                platform=self._platform,
                place=self._place,
                request=request,
                request_id=request_id,
                parameters=parameters,
            )
            response = await OPERATIONS[operation](call)
        except FnlabError as error:
            response = answer(refusal_of(error), request_id)
        return replace(response, headers={"X-Fc-Request-Id": request_id, **response.headers})


async def _regions(call: Call) -> Response:
    """DescribeRegions: there is one."""
    region = {
        "RegionId": call.place.region,
        "LocalName": call.place.region,
        "RegionEndpoint": call.request.headers.get("host", ""),
    }
    return json_response({"Regions": {"Region": [region]}})


OPERATIONS: Mapping[str, Callable[[Call], Awaitable[Response]]] = {
    "CreateFunction": functions.create,
    "ListFunctions": functions.list_all,
    "GetFunction": functions.get,
    "UpdateFunction": functions.update,
    "DeleteFunction": functions.delete,
    "GetFunctionCode": functions.get_code,
    "DownloadFunctionCode": functions.download_code,
    "InvokeFunction": invocations.invoke,
    "PublishFunctionVersion": versions.publish,
    "ListFunctionVersions": versions.list_versions,
    "DeleteFunctionVersion": versions.delete_version,
    "CreateAlias": versions.create_alias,
    "ListAliases": versions.list_aliases,
    "GetAlias": versions.get_alias,
    "UpdateAlias": versions.update_alias,
    "DeleteAlias": versions.delete_alias,
    "PutProvisionConfig": settings.put_provision,
    "GetProvisionConfig": settings.get_provision,
    "DeleteProvisionConfig": settings.delete_provision,
    "ListProvisionConfigs": settings.list_provisions,
    "PutScalingConfig": settings.put_scaling,
    "GetScalingConfig": settings.get_scaling,
    "DeleteScalingConfig": settings.delete_provision,
    "ListScalingConfigs": settings.list_scalings,
    "PutConcurrencyConfig": settings.put_concurrency,
    "GetConcurrencyConfig": settings.get_concurrency,
    "DeleteConcurrencyConfig": settings.delete_concurrency,
    "ListConcurrencyConfigs": settings.list_concurrencies,
    "PutAsyncInvokeConfig": settings.put_async,
    "GetAsyncInvokeConfig": settings.get_async,
    "DeleteAsyncInvokeConfig": settings.delete_async,
    "ListAsyncInvokeConfigs": settings.list_asyncs,
    "ListAsyncTasks": tasks.list_all,
    "GetAsyncTask": tasks.get,
    "StopAsyncTask": tasks.stop,
    "ListInstances": instances.list_all,
    "TagResources": tags.tag,
    "UntagResources": tags.untag,
    "ListTagResources": tags.list_all,
    "CreateLayerVersion": layers.create,
    "ListLayers": layers.list_all,
    "ListLayerVersions": layers.list_versions,
    "GetLayerVersion": layers.get,
    "GetLayerVersionByArn": layers.get_by_arn,
    "DeleteLayerVersion": layers.delete,
    "DescribeRegions": _regions,
}
