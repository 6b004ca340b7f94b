"""An unchanged boto3 client, pointed at an emulator's real server."""

import io
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/basic"
ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="session")
def session():
    """One session for all clients: it reads the service's model once."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


@pytest.fixture
def client(emulator, session):
    """The client. It tries nothing twice, so that an error is seen at once."""
    address = emulator.serve(with_token=False)
    made = session.client("lambda", endpoint_url=address, config=Config(retries={"max_attempts": 0}))
    yield made
    made.close()


def zip_of(files):
    """Pack files into an archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.fixture(name="zip_of")
def zip_of_fixture():
    """Pack files into an archive."""
    return zip_of


@pytest.fixture
def create(client):
    """Create a function from its source; whatever is given goes into the request."""

    def create(name="f", source=ECHO, **settings):
        request = {"Runtime": "python3.12", "Handler": "main.handler", "Role": ROLE}
        return client.create_function(
            FunctionName=name, **{**request, "Code": {"ZipFile": zip_of({"main.py": source})}, **settings}
        )

    return create


@pytest.fixture
def refused():
    """Expect an error: its code and status, and give its message."""

    def refused(call, code, status, **request):
        with pytest.raises(ClientError) as caught:
            call(**request)
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
        return answer["Error"]["Message"]

    return refused


@pytest.fixture
def arn():
    """Write the ARN of a function here."""
    return "arn:aws:lambda:us-east-1:000000000000:function:{}".format
