"""What of AWS Lambda this door does as AWS does, and where it differs; the table in the README is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass

#: When the tests that are named here were last held against recorded answers.
CHECKED = "2026-11-23"


@dataclass(frozen=True)
class Parity:
    """How an operation stands.

    Attributes
    ----------
    test : str
        The test that checks it; empty where it is not translated.
    differs : str
        Where it does not do as AWS does; empty where no difference is known.
    """

    test: str = ""
    differs: str = ""

    @property
    def translated(self) -> bool:
        """Whether it does anything at all."""
        return bool(self.test)

    def __str__(self) -> str:
        if not self.translated:
            return f"not translated: {self.differs}"
        checked = f"checked by {self.test} on {CHECKED}"
        return f"differs: {self.differs} ({checked})" if self.differs else f"as AWS, {checked}"


_FUNCTIONS, _VERSIONS, _INVOKE = "test_aws_functions.py", "test_aws_versions.py", "test_aws_invoke.py"
_SETTINGS = "test_aws_settings.py"
_KEPT = "kept and given back; nothing is enforced"
_NONE = "there are none here, and the answer says so"
_SIGNING = Parity(_SETTINGS, "code is not signed here; there is no configuration, and the answer says so")
_MAPPING = Parity(_SETTINGS, "queues and streams are not read here; there is no mapping, and the answer says so")
_DURABLE = Parity(differs="there are no durable executions here")
_CAPACITY = Parity(differs="there are no capacity providers here")
_POLICY = Parity(differs="policies are kept by statement only, see AddPermission")

#: Every operation of the service, as of botocore 1.44.
PARITY: Mapping[str, Parity] = {
    "CreateFunction": Parity(
        _FUNCTIONS,
        "python runtimes of every version run on this one interpreter; those of other languages are taken, not run; "
        "code comes in the request or as an image's folder, not from S3 or a registry; an image's root is not "
        "changed to its own; roles, networks, keys and file systems are kept and have no effect",
    ),
    "GetFunction": Parity(_FUNCTIONS),
    "GetFunctionConfiguration": Parity(_FUNCTIONS),
    "ListFunctions": Parity(_FUNCTIONS, "one list for all regions and accounts; MasterRegion has no effect"),
    "DeleteFunction": Parity(_FUNCTIONS),
    "UpdateFunctionConfiguration": Parity(_FUNCTIONS, "in force at once, so an update is never in progress"),
    "UpdateFunctionCode": Parity(_FUNCTIONS, "as with CreateFunction; in force at once"),
    "PublishVersion": Parity(_VERSIONS, "nothing is snapshotted: SnapStart's OptimizationStatus stays Off"),
    "ListVersionsByFunction": Parity(_VERSIONS),
    "CreateAlias": Parity(_VERSIONS),
    "UpdateAlias": Parity(_VERSIONS),
    "GetAlias": Parity(_VERSIONS),
    "DeleteAlias": Parity(_VERSIONS),
    "ListAliases": Parity(_VERSIONS),
    "Invoke": Parity(_INVOKE, "durable executions and tenants are not kept apart"),
    "InvokeAsync": Parity(_INVOKE),
    "InvokeWithResponseStream": Parity(_INVOKE, "Content-Type is the stream's, not one of the function's own"),
    "PutFunctionConcurrency": Parity(_SETTINGS),
    "GetFunctionConcurrency": Parity(_SETTINGS),
    "DeleteFunctionConcurrency": Parity(_SETTINGS),
    "PutProvisionedConcurrencyConfig": Parity(_SETTINGS),
    "GetProvisionedConcurrencyConfig": Parity(_SETTINGS, "a failed start shows as IN_PROGRESS, never as FAILED"),
    "DeleteProvisionedConcurrencyConfig": Parity(_SETTINGS),
    "ListProvisionedConcurrencyConfigs": Parity(_SETTINGS),
    "PutFunctionEventInvokeConfig": Parity(
        _SETTINGS, "destinations that are no functions here go to the emulator's mailbox"
    ),
    "UpdateFunctionEventInvokeConfig": Parity(_SETTINGS, "as with PutFunctionEventInvokeConfig"),
    "GetFunctionEventInvokeConfig": Parity(_SETTINGS),
    "DeleteFunctionEventInvokeConfig": Parity(_SETTINGS),
    "ListFunctionEventInvokeConfigs": Parity(_SETTINGS),
    "CreateFunctionUrlConfig": Parity(_SETTINGS, "the URL is one of this machine"),
    "UpdateFunctionUrlConfig": Parity(_SETTINGS),
    "GetFunctionUrlConfig": Parity(_SETTINGS),
    "DeleteFunctionUrlConfig": Parity(_SETTINGS),
    "ListFunctionUrlConfigs": Parity(_SETTINGS),
    "PublishLayerVersion": Parity(_SETTINGS, "only a layer's Python files are found by functions"),
    "GetLayerVersion": Parity(_SETTINGS),
    "GetLayerVersionByArn": Parity(_SETTINGS, "layers of other accounts cannot be seen"),
    "DeleteLayerVersion": Parity(_SETTINGS),
    "ListLayerVersions": Parity(_SETTINGS),
    "ListLayers": Parity(_SETTINGS),
    "AddLayerVersionPermission": Parity("test_aws_model.py", _KEPT),
    "GetLayerVersionPolicy": Parity("test_aws_model.py"),
    "RemoveLayerVersionPermission": Parity("test_aws_model.py"),
    "TagResource": Parity(_SETTINGS, "functions only"),
    "UntagResource": Parity(_SETTINGS, "functions only"),
    "ListTags": Parity(_SETTINGS, "functions only"),
    "GetAccountSettings": Parity(_SETTINGS),
    "AddPermission": Parity(_SETTINGS, _KEPT),
    "GetPolicy": Parity(_SETTINGS),
    "RemovePermission": Parity(_SETTINGS),
    "GetFunctionRecursionConfig": Parity(_SETTINGS),
    "PutFunctionRecursionConfig": Parity(_SETTINGS, "kept and given back; loops are not looked for"),
    "GetRuntimeManagementConfig": Parity(_SETTINGS),
    "PutRuntimeManagementConfig": Parity("test_aws_model.py", "kept and given back; there is one runtime here"),
    "GetFunctionCodeSigningConfig": _SIGNING,
    "PutFunctionCodeSigningConfig": _SIGNING,
    "DeleteFunctionCodeSigningConfig": _SIGNING,
    "GetCodeSigningConfig": _SIGNING,
    "UpdateCodeSigningConfig": _SIGNING,
    "DeleteCodeSigningConfig": _SIGNING,
    "ListFunctionsByCodeSigningConfig": _SIGNING,
    "ListCodeSigningConfigs": _SIGNING,
    "CreateCodeSigningConfig": Parity(differs="code is not signed here"),
    "GetEventSourceMapping": _MAPPING,
    "UpdateEventSourceMapping": _MAPPING,
    "DeleteEventSourceMapping": _MAPPING,
    "ListEventSourceMappings": _MAPPING,
    "CreateEventSourceMapping": Parity(differs="queues and streams are not read here"),
    "ListCapacityProviders": Parity("test_aws_model.py", _NONE),
    "CreateCapacityProvider": _CAPACITY,
    "GetCapacityProvider": _CAPACITY,
    "UpdateCapacityProvider": _CAPACITY,
    "DeleteCapacityProvider": _CAPACITY,
    "ListFunctionVersionsByCapacityProvider": _CAPACITY,
    "GetFunctionScalingConfig": _CAPACITY,
    "PutFunctionScalingConfig": _CAPACITY,
    "ListDurableExecutionsByFunction": _DURABLE,
    "GetDurableExecution": _DURABLE,
    "DeleteDurableExecution": _DURABLE,
    "GetDurableExecutionHistory": _DURABLE,
    "GetDurableExecutionState": _DURABLE,
    "CheckpointDurableExecution": _DURABLE,
    "PauseDurableExecution": _DURABLE,
    "ResumeDurableExecution": _DURABLE,
    "StopDurableExecution": _DURABLE,
    "SendDurableExecutionCallbackFailure": _DURABLE,
    "SendDurableExecutionCallbackHeartbeat": _DURABLE,
    "SendDurableExecutionCallbackSuccess": _DURABLE,
    "GetResourcePolicy": _POLICY,
    "PutResourcePolicy": _POLICY,
    "DeleteResourcePolicy": _POLICY,
}
