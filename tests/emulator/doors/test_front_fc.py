"""The official SDK at the emulator's own front, with its token."""

import io

import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config


def client(url, token):
    """Point the SDK at an address; the token is the access key id."""
    address = url.removeprefix("http://")
    return Client(Config(endpoint=address, protocol="http", access_key_id=token, access_key_secret="any"))


def test_the_token_is_the_access_key_id(emulator, code_of):
    """With it everything is allowed, without it nothing is; region and account are what the server was told."""
    url = emulator.serve(region="cn-hangzhou", account="1234567890123456")
    fc = client(url, emulator.token)
    body = m.CreateFunctionInput(
        function_name="f",
        runtime="python3.12",
        handler="index.handler",
        memory_size=2048,
        code=m.InputCodeLocation(zip_file=code_of("fc_bytes")),
    )
    made = fc.create_function(m.CreateFunctionRequest(body=body)).body
    assert made.function_arn == "acs:fc:cn-hangzhou:1234567890123456:functions/f"
    assert fc.invoke_function("f", m.InvokeFunctionRequest(body=io.BytesIO(b"ab"))).body.read() == b"ba"
    with pytest.raises(ClientException) as caught:
        client(url, "somebody").get_function("f", m.GetFunctionRequest())
    assert caught.value.status_code in {401, 403}
