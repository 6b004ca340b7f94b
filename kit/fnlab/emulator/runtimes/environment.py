"""The variables that a program finds on AWS Lambda, and on Alibaba Function Compute."""

from fnlab.emulator.runtimes.starting import ProgramStarter

#: Where AWS's functions run when nobody said otherwise; nothing here depends on it.
_AWS_REGION = "us-east-1"

#: The account that AWS's own documentation uses for examples.
_ACCOUNT = "123456789012"

#: AWS calls what is not a published version so. Here each deployment has a number.
LATEST = "$LATEST"


def arn(starter: ProgramStarter) -> str:
    """Name the function as AWS does, under an account that nobody has."""
    region = starter.function.env.get("AWS_REGION", _AWS_REGION)
    return f"arn:aws:lambda:{region}:{_ACCOUNT}:function:{starter.function.name}"


def lambda_variables(starter: ProgramStarter, *, address: str, instance: str, provisioned: bool) -> dict[str, str]:
    """List what AWS sets for a runtime. There are no credentials among them: there is nobody to show them to.

    ``LAMBDA_RUNTIME_DIR`` is the function's own folder, since the runtime is among its files or installed.
    """
    function, folder = starter.function, str(starter.settings["package_dir"])
    region = function.env.get("AWS_REGION", _AWS_REGION)
    return {
        "AWS_LAMBDA_RUNTIME_API": address,
        "_HANDLER": function.env.get("_HANDLER", starter.handler),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": function.env.get("AWS_DEFAULT_REGION", region),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(starter.version) if starter.version else LATEST,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency" if provisioned else "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": instance,
        "LAMBDA_TASK_ROOT": folder,
        "TZ": function.env.get("TZ", ":UTC"),
        "LAMBDA_RUNTIME_DIR": folder,
    }


def fc_variables(starter: ProgramStarter, *, port: int, instance: str) -> dict[str, str]:
    """List what Function Compute sets for a custom runtime. Inside its containers the port is 9000, here any."""
    function = starter.function
    return {
        "FC_SERVER_PORT": str(port),
        "PORT": str(port),
        "FC_FUNCTION_NAME": function.name,
        "FC_FUNCTION_HANDLER": function.env.get("FC_FUNCTION_HANDLER", starter.handler),
        "FC_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "FC_INSTANCE_ID": instance,
        "FC_FUNC_CODE_PATH": str(starter.settings["package_dir"]),
    }
