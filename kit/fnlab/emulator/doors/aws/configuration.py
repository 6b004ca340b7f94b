"""A function's settings as AWS's clients write them: checked, merged, and turned into what the platform runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fnlab.emulator.doors.aws import environment
from fnlab.emulator.doors.aws.arn import ROLE, Scope
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.fields import Fields
from fnlab.emulator.doors.aws.handlers import NO_HANDLER, to_platform
from fnlab.emulator.doors.aws.images import command_of, variables_of
from fnlab.emulator.doors.aws.runtimes import check_runtime, kind_of, own_runtime
from fnlab.emulator.state.records import Version
from fnlab.functions import Function, Limits, Package

USUAL_MEMORY_MIB, USUAL_TIMEOUT_S, USUAL_DISK_MIB = 128, 3, 512
LONGEST_DESCRIPTION, LONGEST_HANDLER = 256, 128

#: What is kept as it came and given back; the platform has no use for it.
_KEPT = ("KMSKeyArn",)
_KEPT_STRUCTURES = ("DeadLetterConfig", "TracingConfig", "ImageConfig")
ARCHITECTURES = ("x86_64", "arm64")


def check_settings(fields: Fields, checks: Checks) -> None:
    """Check what the service's model says of each setting."""
    limits = Limits.of("aws-lambda")
    checks.pattern(fields.text("Role"), "role", ROLE)
    checks.length(fields.text("Description"), "description", most=LONGEST_DESCRIPTION)
    checks.length(fields.text("Handler"), "handler", most=LONGEST_HANDLER)
    checks.pattern(fields.text("Handler"), "handler", r"[^\s]+")
    checks.between(fields.integer("MemorySize"), "memorySize", least=limits.memory_mib[0], most=limits.memory_mib[1])
    checks.between(fields.integer("Timeout"), "timeout", least=int(limits.timeout_s[0]), most=int(limits.timeout_s[1]))
    if storage := fields.inner("EphemeralStorage"):
        low, high = limits.disk_mib
        checks.present(storage.integer("Size"), "ephemeralStorage.size")
        checks.between(storage.integer("Size"), "ephemeralStorage.size", least=low, most=high)
    _check_structures(fields, checks)


def _check_structures(fields: Fields, checks: Checks) -> None:
    if variables := fields.inner("Environment"):
        environment.check_variables(checks, variables.strings("Variables"))
    if tracing := fields.inner("TracingConfig"):
        checks.one_of(tracing.text("Mode"), "tracingConfig.mode", ("Active", "PassThrough"))
    if snap := fields.inner("SnapStart"):
        checks.one_of(snap.text("ApplyOn"), "snapStart.applyOn", ("PublishedVersions", "None"))
    if logging := fields.inner("LoggingConfig"):
        levels = ("DEBUG", "WARN", "INFO")
        checks.one_of(logging.text("LogFormat"), "loggingConfig.logFormat", ("JSON", "Text"))
        checks.one_of(logging.text("SystemLogLevel"), "loggingConfig.systemLogLevel", levels)
        known = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
        checks.one_of(logging.text("ApplicationLogLevel"), "loggingConfig.applicationLogLevel", known)
        checks.pattern(logging.text("LogGroup"), "loggingConfig.logGroup", r"[\.\-_/#A-Za-z0-9]+")
        checks.length(logging.text("LogGroup"), "loggingConfig.logGroup", least=1, most=512)
    if image := fields.inner("ImageConfig"):
        image.texts("EntryPoint"), image.texts("Command"), image.text("WorkingDirectory")
    if letters := fields.inner("DeadLetterConfig"):
        letters.text("TargetArn")
    checks.each_of(fields.texts("Architectures"), "architectures", ARCHITECTURES)
    checks.length(fields.texts("Architectures"), "architectures", most=1)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a function, but for its code.

    Attributes
    ----------
    memory_mib, timeout_s, disk_mib : int
        What the platform understands.
    variables : Mapping
        The user's environment variables.
    notes : Mapping
        The rest, by AWS's names.
    """

    memory_mib: int = USUAL_MEMORY_MIB
    timeout_s: float = USUAL_TIMEOUT_S
    disk_mib: int = USUAL_DISK_MIB
    variables: Mapping[str, str]
    notes: Mapping[str, Any]

    @classmethod
    def new(cls, fields: Fields, *, name: str) -> "Settings":
        """Read the settings of a new function."""
        notes = {
            "Description": "",
            "TracingConfig": {"Mode": "PassThrough"},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
            "PackageType": fields.text("PackageType") or "Zip",
            "Architectures": fields.texts("Architectures") or ["x86_64"],
        }
        return cls(variables={}, notes=notes).changed(fields)

    @classmethod
    def of(cls, version: Version) -> "Settings":
        """Read the settings of a function, whoever deployed it."""
        function = version.function
        return cls(
            memory_mib=function.memory_mib,
            timeout_s=function.timeout_s,
            disk_mib=function.disk_mib,
            variables=environment.users_own(version),
            notes=version.notes,
        )

    def changed(self, fields: Fields) -> "Settings":
        """Merge what a request gives into what is there."""
        storage, given = fields.inner("EphemeralStorage"), fields.inner("Environment")
        variables = self.variables if given is None else given.strings("Variables") or {}
        environment.refuse_variables(variables)
        if runtime := fields.text("Runtime"):
            check_runtime(runtime)
        return Settings(
            memory_mib=fields.integer("MemorySize") or self.memory_mib,
            timeout_s=fields.integer("Timeout") or self.timeout_s,
            disk_mib=(storage.integer("Size") if storage else None) or self.disk_mib,
            variables=variables,
            notes=self._merged(fields, given is not None),
        )

    def noted(self, notes: Mapping[str, Any]) -> "Settings":
        """Note something more; what is None is struck out."""
        return replace(
            self, notes={name: value for name, value in {**self.notes, **notes}.items() if value is not None}
        )

    def _merged(self, fields: Fields, environment_given: bool) -> dict[str, Any]:
        notes = dict(self.notes)
        for name in ("Role", "Handler", "Runtime", "Description", *_KEPT):
            if name in fields:
                notes[name] = fields.text(name)
        for name in _KEPT_STRUCTURES:
            if name in fields:
                notes[name] = fields.plain(name)
        if environment_given:
            notes["Environment"] = True
        if "FileSystemConfigs" in fields:
            notes["FileSystemConfigs"] = fields.plains("FileSystemConfigs")
        if (network := fields.inner("VpcConfig")) is not None:
            notes["VpcConfig"] = _network(network)
        if (snap := fields.inner("SnapStart")) is not None:
            notes["SnapStart"] = {"ApplyOn": snap.text("ApplyOn") or "None", "OptimizationStatus": "Off"}
        if (logging := fields.plain("LoggingConfig")) is not None:
            notes["LoggingConfig"] = _logging(notes.get("LoggingConfig", {}), logging)
        return {name: value for name, value in notes.items() if not (name == "ImageConfig" and not value)}

    def function(
        self,
        name: str,
        package: Package,
        *,
        scope: Scope,
        layers: tuple[Package, ...] = (),
        before: Function | None = None,
    ) -> Function:
        """Make what the platform runs.

        Parameters
        ----------
        name, package, layers
            What it is called and consists of.
        scope : Scope
            The region that it believes to be in.
        before : Function, optional
            What it was; settings that AWS has no words for stay.
        """
        runtime, handler = self.notes.get("Runtime"), self.notes.get("Handler")
        image = self.notes.get("image")
        kind = "image" if image is not None else kind_of(runtime)
        command = ("./bootstrap",) if image is None else command_of(package, image, self.notes.get("ImageConfig"))
        base = before or Function(name=name, handler=NO_HANDLER, package=package)
        made = replace(
            base,
            handler=(to_platform(handler) or NO_HANDLER) if kind == "python" else NO_HANDLER,
            package=package,
            layers=layers,
            memory_mib=self.memory_mib,
            timeout_s=self.timeout_s,
            disk_mib=self.disk_mib,
            env={},
            runtime="python" if kind == "python" else "lambda-api",
            command=() if kind == "python" else command,
            start=base.start if kind == "python" else "fresh",
        )
        shown = (runtime or own_runtime()) if image is None else None
        own = environment.added(made, scope=scope, runtime=shown, handler=handler)
        return replace(made, env={**own, **variables_of(image or {}), **self.variables})


def _network(network: Fields) -> dict[str, Any]:
    return {
        "SubnetIds": network.texts("SubnetIds") or [],
        "SecurityGroupIds": network.texts("SecurityGroupIds") or [],
        "VpcId": "",
        "Ipv6AllowedForDualStack": bool(network.flag("Ipv6AllowedForDualStack")),
    }


def _logging(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the settings of logs: levels are for JSON alone, and have defaults there."""
    merged = {**before, **{name: value for name, value in given.items() if value is not None}}
    levels = ("ApplicationLogLevel", "SystemLogLevel")
    if merged.get("LogFormat", "Text") == "JSON":
        return {**dict.fromkeys(levels, "INFO"), **merged}
    return {name: value for name, value in merged.items() if name not in levels}
