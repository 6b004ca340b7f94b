"""From a method and a path to the operation that they name."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from fnlab.emulator.http.messages import Request

#: Method, path and name of every operation, as in the service's model (API version 2015-03-31). The ``?`` part, where
#: there is one, must be in the query.
TABLE = """
POST   /2015-03-31/functions                                                CreateFunction
GET    /2015-03-31/functions                                                ListFunctions
GET    /2015-03-31/functions/{FunctionName}                                 GetFunction
DELETE /2015-03-31/functions/{FunctionName}                                 DeleteFunction
GET    /2015-03-31/functions/{FunctionName}/configuration                   GetFunctionConfiguration
PUT    /2015-03-31/functions/{FunctionName}/configuration                   UpdateFunctionConfiguration
PUT    /2015-03-31/functions/{FunctionName}/code                            UpdateFunctionCode
POST   /2015-03-31/functions/{FunctionName}/versions                        PublishVersion
GET    /2015-03-31/functions/{FunctionName}/versions                        ListVersionsByFunction
POST   /2015-03-31/functions/{FunctionName}/aliases                         CreateAlias
GET    /2015-03-31/functions/{FunctionName}/aliases                         ListAliases
GET    /2015-03-31/functions/{FunctionName}/aliases/{Name}                  GetAlias
PUT    /2015-03-31/functions/{FunctionName}/aliases/{Name}                  UpdateAlias
DELETE /2015-03-31/functions/{FunctionName}/aliases/{Name}                  DeleteAlias
POST   /2015-03-31/functions/{FunctionName}/invocations                     Invoke
POST   /2014-11-13/functions/{FunctionName}/invoke-async                    InvokeAsync
POST   /2021-11-15/functions/{FunctionName}/response-streaming-invocations  InvokeWithResponseStream
PUT    /2017-10-31/functions/{FunctionName}/concurrency                     PutFunctionConcurrency
DELETE /2017-10-31/functions/{FunctionName}/concurrency                     DeleteFunctionConcurrency
GET    /2019-09-30/functions/{FunctionName}/concurrency                     GetFunctionConcurrency
GET    /2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL ListProvisionedConcurrencyConfigs
PUT    /2019-09-30/functions/{FunctionName}/provisioned-concurrency         PutProvisionedConcurrencyConfig
GET    /2019-09-30/functions/{FunctionName}/provisioned-concurrency         GetProvisionedConcurrencyConfig
DELETE /2019-09-30/functions/{FunctionName}/provisioned-concurrency         DeleteProvisionedConcurrencyConfig
PUT    /2019-09-25/functions/{FunctionName}/event-invoke-config             PutFunctionEventInvokeConfig
POST   /2019-09-25/functions/{FunctionName}/event-invoke-config             UpdateFunctionEventInvokeConfig
GET    /2019-09-25/functions/{FunctionName}/event-invoke-config             GetFunctionEventInvokeConfig
DELETE /2019-09-25/functions/{FunctionName}/event-invoke-config             DeleteFunctionEventInvokeConfig
GET    /2019-09-25/functions/{FunctionName}/event-invoke-config/list        ListFunctionEventInvokeConfigs
POST   /2021-10-31/functions/{FunctionName}/url                             CreateFunctionUrlConfig
PUT    /2021-10-31/functions/{FunctionName}/url                             UpdateFunctionUrlConfig
GET    /2021-10-31/functions/{FunctionName}/url                             GetFunctionUrlConfig
DELETE /2021-10-31/functions/{FunctionName}/url                             DeleteFunctionUrlConfig
GET    /2021-10-31/functions/{FunctionName}/urls                            ListFunctionUrlConfigs
GET    /2018-10-31/layers?find=LayerVersion                                 GetLayerVersionByArn
GET    /2018-10-31/layers                                                   ListLayers
POST   /2018-10-31/layers/{LayerName}/versions                              PublishLayerVersion
GET    /2018-10-31/layers/{LayerName}/versions                              ListLayerVersions
GET    /2018-10-31/layers/{LayerName}/versions/{VersionNumber}              GetLayerVersion
DELETE /2018-10-31/layers/{LayerName}/versions/{VersionNumber}              DeleteLayerVersion
POST   /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy       AddLayerVersionPermission
GET    /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy       GetLayerVersionPolicy
DELETE /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId} RemoveLayerVersionPermission
POST   /2017-03-31/tags/{Resource}                                          TagResource
DELETE /2017-03-31/tags/{Resource}                                          UntagResource
GET    /2017-03-31/tags/{Resource}                                          ListTags
GET    /2016-08-19/account-settings                                         GetAccountSettings
POST   /2015-03-31/functions/{FunctionName}/policy                          AddPermission
GET    /2015-03-31/functions/{FunctionName}/policy                          GetPolicy
DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}            RemovePermission
GET    /2024-08-31/functions/{FunctionName}/recursion-config                GetFunctionRecursionConfig
PUT    /2024-08-31/functions/{FunctionName}/recursion-config                PutFunctionRecursionConfig
GET    /2021-07-20/functions/{FunctionName}/runtime-management-config       GetRuntimeManagementConfig
PUT    /2021-07-20/functions/{FunctionName}/runtime-management-config       PutRuntimeManagementConfig
GET    /2020-06-30/functions/{FunctionName}/code-signing-config             GetFunctionCodeSigningConfig
PUT    /2020-06-30/functions/{FunctionName}/code-signing-config             PutFunctionCodeSigningConfig
DELETE /2020-06-30/functions/{FunctionName}/code-signing-config             DeleteFunctionCodeSigningConfig
POST   /2020-04-22/code-signing-configs                                     CreateCodeSigningConfig
GET    /2020-04-22/code-signing-configs                                     ListCodeSigningConfigs
GET    /2020-04-22/code-signing-configs/{CodeSigningConfigArn}              GetCodeSigningConfig
PUT    /2020-04-22/code-signing-configs/{CodeSigningConfigArn}              UpdateCodeSigningConfig
DELETE /2020-04-22/code-signing-configs/{CodeSigningConfigArn}              DeleteCodeSigningConfig
GET    /2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions    ListFunctionsByCodeSigningConfig
POST   /2015-03-31/event-source-mappings                                    CreateEventSourceMapping
GET    /2015-03-31/event-source-mappings                                    ListEventSourceMappings
GET    /2015-03-31/event-source-mappings/{UUID}                             GetEventSourceMapping
PUT    /2015-03-31/event-source-mappings/{UUID}                             UpdateEventSourceMapping
DELETE /2015-03-31/event-source-mappings/{UUID}                             DeleteEventSourceMapping
POST   /2025-11-30/capacity-providers                                       CreateCapacityProvider
GET    /2025-11-30/capacity-providers                                       ListCapacityProviders
GET    /2025-11-30/capacity-providers/{CapacityProviderName}                GetCapacityProvider
PUT    /2025-11-30/capacity-providers/{CapacityProviderName}                UpdateCapacityProvider
DELETE /2025-11-30/capacity-providers/{CapacityProviderName}                DeleteCapacityProvider
GET    /2025-11-30/capacity-providers/{CapacityProviderName}/function-versions ListFunctionVersionsByCapacityProvider
GET    /2025-11-30/functions/{FunctionName}/function-scaling-config         GetFunctionScalingConfig
PUT    /2025-11-30/functions/{FunctionName}/function-scaling-config         PutFunctionScalingConfig
GET    /2025-12-01/functions/{FunctionName}/durable-executions              ListDurableExecutionsByFunction
GET    /2025-12-01/durable-executions/{DurableExecutionArn}                 GetDurableExecution
DELETE /2025-12-01/durable-executions/{DurableExecutionArn}                 DeleteDurableExecution
GET    /2025-12-01/durable-executions/{DurableExecutionArn}/history         GetDurableExecutionHistory
GET    /2025-12-01/durable-executions/{DurableExecutionArn}/state           GetDurableExecutionState
POST   /2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint      CheckpointDurableExecution
POST   /2025-12-01/durable-executions/{DurableExecutionArn}/pause           PauseDurableExecution
POST   /2025-12-01/durable-executions/{DurableExecutionArn}/resume          ResumeDurableExecution
POST   /2025-12-01/durable-executions/{DurableExecutionArn}/stop            StopDurableExecution
POST   /2025-12-01/durable-execution-callbacks/{CallbackId}/fail            SendDurableExecutionCallbackFailure
POST   /2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat       SendDurableExecutionCallbackHeartbeat
POST   /2025-12-01/durable-execution-callbacks/{CallbackId}/succeed         SendDurableExecutionCallbackSuccess
GET    /2026-07-09/resource-policy/{ResourceArn}                            GetResourcePolicy
PUT    /2026-07-09/resource-policy/{ResourceArn}                            PutResourcePolicy
DELETE /2026-07-09/resource-policy/{ResourceArn}                            DeleteResourcePolicy
"""

#: Where this door serves the code that :func:`GetFunction` points to; no operation of AWS's.
ARCHIVE_PATH = "/_aws/lambda/archives/"


#: The pattern of a path, what must be in the query, and the operation.
_Route = tuple[re.Pattern[str], str | None, str]


def _compiled() -> dict[tuple[str, str], list[_Route]]:
    """Sort the routes by method and by the date that the path begins with, so that few need to be looked at."""
    routes: dict[tuple[str, str], list[_Route]] = {}
    for method, target, operation in (line.split() for line in TABLE.strip().splitlines()):
        path, _, literal = target.partition("?")
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
        routes.setdefault((method, path[:_DATE_LENGTH]), []).append((pattern, literal or None, operation))
    return routes


_DATE_LENGTH = len("/2015-03-31")
_ROUTES = _compiled()
#: Every operation of the service.
OPERATIONS = tuple(operation for routes in _ROUTES.values() for *_, operation in routes)


def find_operation(request: Request) -> tuple[str, Mapping[str, str]] | None:
    """Find the operation that a request names, and the parts of its path, decoded.

    Examples
    --------
    >>> find_operation(Request("GET", "/2015-03-31/functions/f%3Alive"))
    ('GetFunction', {'FunctionName': 'f:live'})
    """
    path = request.path.rstrip("/")
    for pattern, literal, operation in _ROUTES.get((request.method, path[:_DATE_LENGTH]), ()):
        if not (match := pattern.fullmatch(path)):
            continue
        if literal is None or tuple(literal.split("=")) in request.query:
            return operation, {name: unquote(part) for name, part in match.groupdict().items()}
    return None
