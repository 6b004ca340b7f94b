import gzip
import hashlib
import io
import json
import sys
import tarfile

import pytest

from fnlab.emulator.doors.aws.errors import AwsError
from fnlab.emulator.doors.aws.images import command_of, read_image, variables_of
from fnlab.functions import Package


class Layout:
    """An image in the OCI layout, written by hand."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, content):
        name = hashlib.sha256(content).hexdigest()
        (self.folder / "blobs" / "sha256" / name).write_bytes(content)
        return {"digest": f"sha256:{name}", "size": len(content)}

    def layer(self, files, links=()):
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            for name, goal in links:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = tarfile.SYMTYPE, goal
                archive.addfile(member)
        return self.blob(gzip.compress(target.getvalue()))

    def finish(self, layers, config, tag="latest"):
        described = self.blob(json.dumps({"config": config}).encode())
        manifest = self.blob(json.dumps({"config": described, "layers": layers}).encode())
        manifest["annotations"] = {"org.opencontainers.image.ref.name": tag}
        (self.folder / "index.json").write_text(json.dumps({"manifests": [manifest]}))
        return str(self.folder)


@pytest.fixture
def layout(tmp_path):
    """An empty layout."""
    return Layout(tmp_path / "image")


def test_layers_lie_upon_each_other(layout):
    """A later layer covers files, takes some away, and empties folders; links become the files that they lead to."""
    files = {"a": b"old", "gone": b"x", "dir/one": b"1", "kept/two": b"2"}
    below = layout.layer(files, [("link", "a"), ("out", "../x")])
    above = layout.layer({"a": b"new", ".wh.gone": b"", "dir/.wh..wh..opq": b"", "dir/three": b"3"})
    image = read_image(layout.finish([below, above], {"Env": ["KEY=a=b"]}))
    assert image.package.files == {"a": b"new", "link": b"new", "dir/three": b"3", "kept/two": b"2"}
    assert variables_of(image.config) == {"KEY": "a=b"}


def test_an_image_is_named_by_folder_and_tag(layout):
    """As a path, with file:// before it, with a tag behind it; not by another tag."""
    uri = layout.finish([layout.layer({"a": b""})], {}, tag="v1")
    assert read_image(f"file://{uri}").digest == read_image(f"{uri}:v1").digest
    with pytest.raises(AwsError, match=r"Source image .* is not valid"):
        read_image(f"{uri}:v2")


def test_paths_that_lead_out_of_an_image_are_left_out(layout):
    """Whatever the archive says."""
    uri = layout.finish([layout.layer({"../up": b"x", "/root": b"y", "a/../../b": b"z"})], {})
    assert read_image(uri).package.files == {"root": b"y"}


def test_a_blob_must_have_its_hash(layout):
    """Damage is noticed."""
    layer = layout.layer({"a": b"1"})
    uri = layout.finish([layer], {})
    (layout.folder / "blobs" / "sha256" / layer["digest"].removeprefix("sha256:")).write_bytes(b"other")
    with pytest.raises(AwsError, match=r"does not have this hash"):
        read_image(uri)


def test_the_command_is_the_functions_or_the_images():
    """An entry point of the function's own puts the image's arguments out of force."""
    config = {"Entrypoint": ["/start.sh"], "Cmd": ["app.handler"], "WorkingDir": "/var/task"}
    package = Package({"start.sh": b""})
    assert command_of(package, config, None)[-2:] == ("var/task", "app.handler")
    assert '"$root/start.sh"' in command_of(package, config, None)[2]
    assert command_of(package, config, {"Command": ["other.handler"]})[-1] == "other.handler"
    assert command_of(package, config, {"EntryPoint": ["/bin/x"]})[-1] == "var/task"


def test_an_image_runs_the_runtime_that_is_in_it(client, layout, zip_of, refused):
    """Here AWS's own client of the Runtime API, with a handler from the image; the image's variables are set."""
    handler = b"import os\ndef handler(event, context):\n    return [event, os.environ['FROM_IMAGE']]\n"
    uri = layout.finish(
        [layout.layer({"var/task/app.py": handler})],
        {
            "Entrypoint": [sys.executable, "-m", "awslambdaric"],
            "Cmd": ["app.handler"],
            "WorkingDir": "/var/task",
            "Env": ["FROM_IMAGE=yes"],
        },
    )
    made = client.create_function(
        FunctionName="f",
        Role="arn:aws:iam::000000000000:role/basic",
        PackageType="Image",
        Code={"ImageUri": uri},
        Timeout=20,
        Environment={"Variables": {"OWN": "x"}},
    )
    assert (made["PackageType"], made["Environment"]) == ("Image", {"Variables": {"OWN": "x"}})
    assert "Runtime" not in made
    answer = client.invoke(FunctionName="f", Payload=b'{"n": 1}')
    assert json.loads(answer["Payload"].read()) == [{"n": 1}, "yes"]
    found = client.get_function(FunctionName="f")["Code"]
    assert (found["RepositoryType"], found["ImageUri"]) == ("ECR", uri)
    assert found["ResolvedImageUri"].startswith(f"{uri}@sha256:")
    message = refused(
        client.update_function_code, "InvalidParameterValueException", 400, FunctionName="f", ZipFile=zip_of({"a": ""})
    )
    assert message == "Please provide ImageUri when updating a function with packageType Image."


def test_a_provided_runtime_starts_its_bootstrap(client, create, zip_of):
    """A program in the package that asks for its work as AWS's runtimes do."""
    bootstrap = f"#!/bin/sh\nexec {sys.executable} -m awslambdaric app.handler\n"
    code = zip_of({"bootstrap": bootstrap, "app.py": "def handler(event, context):\n    return [event]\n"})
    create(Runtime="provided.al2023", Handler="any", Code={"ZipFile": code}, Timeout=20)
    answer = client.invoke(FunctionName="f", Payload=b"1")
    assert json.loads(answer["Payload"].read()) == [1]
