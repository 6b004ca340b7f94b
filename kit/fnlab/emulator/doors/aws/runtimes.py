"""AWS's runtimes, and what of them this machine can run."""

import hashlib
import platform
import sys
from typing import Literal

from fnlab.emulator.doors.aws.checks import listed
from fnlab.emulator.doors.aws.errors import invalid

#: What a function may be created with, in the order in which AWS lists them (recorded November 2025).
RUNTIMES = (
    "nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x", "java25",
    "python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4", "ruby3.2", "python3.8", "python3.9", "java17",
    "nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2",
)  # fmt: skip
#: What AWS knows and no longer takes.
RETIRED = (
    "java8", "go1.x", "provided", "ruby2.5", "ruby2.7", "nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10",
    "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x", "python2.7", "python3.6", "python3.7", "dotnetcore1.0",
    "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1",
)  # fmt: skip

#: What lists of layers can be asked for, in AWS's order.
EVER = (
    "ruby3.5", "ruby2.6", "dotnetcore1.0", "python3.7", "nodejs8.10", "nasa", "ruby2.7", "python2.7-greengrass",
    "dotnetcore2.0", "python3.8", "java21", "dotnet6", "dotnetcore2.1", "python3.9", "java11", "nodejs6.10", "provided",
    "dotnetcore3.1", "dotnet8", "java25", "java17", "nodejs", "nodejs4.3", "java8.al2", "go1.x", "dotnet10",
    "nodejs20.x", "go1.9", "byol", "nodejs10.x", "provided.al2023", "nodejs22.x", "python3.10", "java8", "nodejs12.x",
    "python3.11", "nodejs24.x", "nodejs8.x", "python3.12", "nodejs14.x", "nodejs8.9", "nodejs26.x", "python3.13",
    "python3.14", "nodejs16.x", "python3.15", "provided.al2", "nodejs4.3-edge", "nodejs18.x", "ruby3.2", "python3.4",
    "ruby3.3", "ruby3.4", "ruby2.5", "python3.6", "python2.7",
)  # fmt: skip

Kind = Literal["python", "provided", "elsewhere"]


def check_runtime(runtime: str) -> None:
    """Refuse what AWS does not take, in its words."""
    if runtime in RETIRED:
        raise invalid(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
    if runtime not in RUNTIMES:
        raise invalid(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"{listed(RUNTIMES)} or be a valid ARN"
        )


def kind_of(runtime: str | None) -> Kind:
    """Say how a runtime can be run here: by this interpreter, by its own ``bootstrap``, or not at all."""
    if runtime is None or runtime.startswith("python"):
        return "python"
    return "provided" if runtime.startswith("provided") else "elsewhere"


def own_runtime() -> str:
    """Name the runtime that this interpreter is."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def runtime_version_arn(region: str) -> str:
    """Name the very runtime that runs functions here: the hash is of this interpreter's own description."""
    described = hashlib.sha256(f"{platform.python_implementation()} {sys.version}".encode()).hexdigest()
    return f"arn:aws:lambda:{region}::runtime:{described}"
