"""Functions, their code and their calls, through the official SDK."""

import io

import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_tea_openapi.exceptions import ClientException
from darabonba.runtime import RuntimeOptions


@pytest.fixture
def create(fc, code_of):
    """Create a function from a folder of tests/functions."""

    def create(case, *, name=None, **fields):
        fields = {"runtime": "python3.12", "handler": "index.handler", "memory_size": 2048, "timeout": 10} | fields
        body = m.CreateFunctionInput(
            function_name=name or case, code=m.InputCodeLocation(zip_file=code_of(case)), **fields
        )
        return fc.create_function(m.CreateFunctionRequest(body=body)).body

    return create


@pytest.fixture
def call(fc):
    """Invoke and give the answer's body and headers."""

    def call(name, event=b"", *, qualifier=None, **headers):
        answer = fc.invoke_function_with_options(
            name,
            m.InvokeFunctionRequest(body=io.BytesIO(event), qualifier=qualifier),
            m.InvokeFunctionHeaders(**headers),
            RuntimeOptions(),
        )
        return answer.body.read(), answer

    return call


def test_a_function_is_created_called_and_deleted(fc, create, call):
    """The whole life of a function with the SDK unchanged; its answer is bytes, as they came from the handler."""
    made = create("fc_bytes", environment_variables={"A": "1"}, description="reverses")
    assert (made.function_name, made.runtime, made.handler) == ("fc_bytes", "python3.12", "index.handler")
    assert (made.state, made.description, made.memory_size) == ("Active", "reverses", 2048)
    assert made.function_arn == "acs:fc:local:0000000000000000:functions/fc_bytes"
    body, answer = call("fc_bytes", b"\x00\xffabc")
    assert body == b"cba\xff\x00"
    assert answer.status_code == 200
    assert fc.delete_function("fc_bytes").status_code == 204
    with pytest.raises(ClientException) as missing:
        fc.get_function("fc_bytes", m.GetFunctionRequest())
    assert (missing.value.code, missing.value.status_code) == ("FunctionNotFound", 404)
