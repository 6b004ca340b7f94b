"""An emulator behind a real server, and the clients that talk to it."""

import base64
import io
import zipfile
from pathlib import Path

import pytest
from alibabacloud_fc20230330 import models
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

from fnlab.emulator.doors.fc import FcDoor
from fnlab.emulator.http.server import Server

FUNCTIONS = Path(__file__).parents[2] / "functions"


@pytest.fixture
def served(emulator):
    """Start a server for a door that is made from the platform; give its address."""
    servers = []

    def served(door):
        servers.append(emulator.run(Server.start(door(emulator.platform))))
        return servers[-1].url.removeprefix("http://")

    yield served
    for server in servers:
        emulator.run(server.close())


@pytest.fixture
def fc(served):
    """The official SDK's client of Function Compute, pointed at the emulator."""
    address = served(FcDoor)
    return Client(Config(endpoint=address, protocol="http", access_key_id="id", access_key_secret="secret"))


def zip_of(files):
    """Pack files into a zip, in base64 as Function Compute takes it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return base64.b64encode(target.getvalue()).decode()


@pytest.fixture(name="zip_of")
def zip_of_fixture():
    """Pack files into a zip, in base64 as Function Compute takes it."""
    return zip_of


@pytest.fixture
def code_of():
    """Pack a folder of tests/functions in the same way."""

    def code_of(case):
        return zip_of({path.name: path.read_bytes() for path in (FUNCTIONS / case).glob("*.py")})

    return code_of


@pytest.fixture
def create(fc, code_of):
    """Create a function of Function Compute from a folder of tests/functions."""

    def create(case, *, name=None, **fields):
        fields = {"runtime": "python3.12", "handler": "index.handler", "memory_size": 2048, "timeout": 10} | fields
        code = models.InputCodeLocation(zip_file=code_of(case))
        body = models.CreateFunctionInput(function_name=name or case, code=code, **fields)
        return fc.create_function(models.CreateFunctionRequest(body=body)).body

    return create


@pytest.fixture
def call(fc):
    """Invoke a function and give the answer's body and the answer."""

    def call(name, event=b"", *, qualifier=None, **headers):
        answer = fc.invoke_function_with_options(
            name,
            models.InvokeFunctionRequest(body=io.BytesIO(event), qualifier=qualifier),
            models.InvokeFunctionHeaders(**headers),
            RuntimeOptions(),
        )
        return answer.body.read(), answer

    return call
