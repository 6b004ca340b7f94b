"""What a handler gets beside its event: our names for it, AWS Lambda's and Alibaba Function Compute's."""

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fnlab.emulator.instance.phases import Stopwatch

_MS_PER_S = 1000
_CLIENT = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
_NOTHING: Mapping[str, Any] = {}
_monotonic, _loads = time.monotonic, json.loads  # held from here: a handler may replace what it likes


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is the same for all requests of an instance."""

    function_name: str
    version: int
    memory_mib: int
    package_dir: Path
    handler: str = ""
    timeout_s: float = 0.0
    stopwatch: Stopwatch = field(default_factory=Stopwatch, repr=False)


class Context:
    """What a handler gets beside its event; one object a request, and one for the init.

    Attributes
    ----------
    request_id : str
        The request being served; empty during the init. AWS calls it `aws_request_id`.
    requests : tuple of Context
        In a batch, the context of each request, in the order of the events; otherwise empty. The batch's own context
        has the id of the first request and the time that is left to the one that has the least.
    stages : Mapping of str to float
        Seconds by what :meth:`phase` has timed of this request, so far.

    Notes
    -----
    Only what everybody reads is written when a request begins. The rest is looked up when a handler asks for it: what
    belongs to the function in its deployment, what belongs to the request in what came with it (`meta`).
    """

    stage = "import"  # how far the init has come

    requests: tuple["Context", ...] = ()

    stages: Mapping[str, float] = _NOTHING

    _stopwatch: Stopwatch | None = None  # of the request; made when it is first wanted, which mostly is never

    def __init__(
        self,
        deployment: Deployment,
        request_id: str = "",
        deadline_s: float = 0.0,
        meta: Mapping[str, Any] | bytes = _NOTHING,
    ) -> None:
        self.request_id = request_id
        self._deployment, self._deadline_s = deployment, deadline_s
        self._told: Mapping[str, Any] | bytes = meta

    def __repr__(self) -> str:
        return f"Context({self.function_name!r}, version {self.version}, request {self.request_id!r})"

    @property
    def _meta(self) -> Mapping[str, Any]:
        """What came with the request; as JSON it is read when somebody asks, which most handlers never do."""
        told = self._told
        if isinstance(told, bytes):
            told = self._told = _loads(told)
        return told

    # Ours.

    @property
    def function_name(self) -> str:
        """The function, as deployed."""
        return self._deployment.function_name

    @property
    def version(self) -> int:
        """Its version."""
        return self._deployment.version

    @property
    def memory_mib(self) -> int:
        """What this instance may use."""
        return self._deployment.memory_mib

    @property
    def package_dir(self) -> Path:
        """Where the function's files are."""
        return self._deployment.package_dir

    def remaining_s(self) -> float:
        """Seconds until the platform gives up on this request."""
        return max(0.0, self._deadline_s - _monotonic())

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by phase of the init, so far."""
        return self._deployment.stopwatch.seconds

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Count the time of a block under its own name.

        In the init it becomes a phase of the cold start; during a request a stage of that, which its report tells.
        Inner names take their time away from outer ones, and times of the same name add up. The names of a batch's own
        context count for all of its requests, in equal parts. One thread at a time may count.
        """
        if not self.request_id:
            return self._deployment.stopwatch(name)
        if self._stopwatch is None:
            self._stopwatch = Stopwatch()
            self.stages = self._stopwatch.seconds
        return self._stopwatch(name)

    # AWS Lambda's.

    @property
    def aws_request_id(self) -> str:
        """The request, by AWS's name."""
        return self.request_id

    @property
    def function_version(self) -> str:
        """The version, as text."""
        return os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", str(self.version or "$LATEST"))

    @property
    def memory_limit_in_mb(self) -> str:
        """The memory, as text: that is how AWS's runtime has it."""
        return str(self.memory_mib)

    @property
    def invoked_function_arn(self) -> str:
        """The name by which the function was called."""
        return str(self._meta.get("arn", ""))

    @property
    def log_group_name(self) -> str | None:
        """Where logs go, where the environment says so."""
        return os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")

    @property
    def log_stream_name(self) -> str | None:
        """Where this instance's logs go, where the environment says so."""
        return os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")

    @property
    def client_context(self) -> SimpleNamespace | None:
        """What the caller's program told of itself: `client`, `custom`, `env`."""
        told = self._meta.get("client_context")
        if told is None:
            return None
        client = told.get("client")
        if client is not None:
            client = SimpleNamespace(**{name: client.get(name) for name in _CLIENT})
        return SimpleNamespace(client=client, custom=told.get("custom"), env=told.get("env"))

    @property
    def identity(self) -> SimpleNamespace:
        """Who the caller is to Amazon Cognito; nobody, unless the request says so."""
        told = self._meta.get("identity") or _NOTHING
        return SimpleNamespace(
            cognito_identity_id=told.get("cognitoIdentityId"),
            cognito_identity_pool_id=told.get("cognitoIdentityPoolId"),
        )

    @property
    def tenant_id(self) -> str | None:
        """For which tenant the function was called."""
        tenant: str | None = self._meta.get("tenant_id")
        return tenant

    def get_remaining_time_in_millis(self) -> int:
        """Whole milliseconds until the platform gives up on this request."""
        return int(self.remaining_s() * _MS_PER_S)

    def log(self, message: object) -> None:
        """Write to the log, without an end of line, as AWS does."""
        sys.stdout.write(str(message))

    # Alibaba Function Compute's.

    @property
    def function(self) -> SimpleNamespace:
        """The function: `name`, `handler`, `memory`, `timeout`, `version`."""
        deployed = self._deployment
        return SimpleNamespace(
            name=deployed.function_name,
            handler=deployed.handler.replace(":", "."),
            memory=deployed.memory_mib,
            timeout=deployed.timeout_s,
            version=str(deployed.version),
        )

    @property
    def region(self) -> str:
        """Where the function runs."""
        return str(self._meta.get("region") or os.environ.get("FC_REGION") or os.environ.get("AWS_REGION", ""))

    @property
    def account_id(self) -> str:
        """Whose function it is."""
        return str(self._meta.get("account_id") or os.environ.get("FC_ACCOUNT_ID", ""))

    @property
    def credentials(self) -> SimpleNamespace:
        """Keys of the function's own role, where the environment has some."""
        return SimpleNamespace(
            access_key_id=os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", ""),
            access_key_secret=os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""),
            security_token=os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
        )

    @property
    def qualifier(self) -> str:
        """The version or alias that was asked for."""
        return str(self._meta.get("qualifier", ""))

    @property
    def tracing(self) -> SimpleNamespace:
        """How this request is traced: `span_context`, the trace id that came with it."""
        return SimpleNamespace(span_context=str(self._meta.get("trace_id", "")))
