"""Zips from outside, and bodies that are not what they should be."""

import asyncio
import base64
import contextlib
import io
import json
import stat
import zipfile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fnlab.emulator.doors.fc import code, gate_refusal
from fnlab.emulator.doors.fc.call import Place
from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.doors.fc.translation import description_of, fields_of, function_of, notes_of
from fnlab.emulator.doors.jsontext import parse
from fnlab.emulator.doors.zips import packed
from fnlab.emulator.http.messages import Request
from fnlab.emulator.state.records import Entry, Version
from fnlab.errors import BadValue
from fnlab.functions import Package

PACKAGE = Package({"index.py": b""})


def zip_bytes(*entries):
    """Write a zip of names or entries with contents."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return target.getvalue()


def test_a_package_survives_its_zip():
    """Files come out as they went in, and the same files give the same bytes."""
    package = Package({"a.py": b"1", "deep/b.bin": bytes(range(256))})
    assert code.unzip(packed(package)).files == package.files
    assert packed(package) == packed(Package(dict(reversed(package.files.items()))))


@pytest.mark.parametrize("name", ["../out.py", "/abs.py", "a/../../out.py", "a\\b.py"])
def test_a_file_outside_of_its_folder_is_refused(name):
    """A path that leads out, or might on another system, is no part of a package."""
    with pytest.raises(BadValue, match=r"must be relative and stay inside"):
        code.unzip(zip_bytes((zipfile.ZipInfo(name), b"x")))


def test_links_and_duplicates_are_refused():
    """A link could lead out, and of two files with one name nobody knows which counts."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(Refusal, match=r"no links; 'link'"):
        code.unzip(zip_bytes((link, b"/etc/passwd")))
    with pytest.warns(UserWarning, match=r"Duplicate name"):
        twice = zip_bytes(("a.py", b"1"), ("a.py", b"2"))
    with pytest.raises(Refusal, match=r"'a.py' is there twice"):
        code.unzip(twice)


def test_a_zip_that_unpacks_to_too_much_is_refused(monkeypatch):
    """What counts is what comes out, over all files together, and not what the headers say."""
    monkeypatch.setattr(code, "MOST_UNPACKED_BYTES", 2 * 1024 * 1024)
    small = b"\0" * 1024 * 1024
    assert len(code.unzip(zip_bytes(("a", small), ("b", small))).files) == 2
    with pytest.raises(Refusal, match=r"at most 2 MiB"):
        code.unzip(zip_bytes(("a", small), ("b", small), ("c", b"1")))


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_no_bytes_break_the_reader(data):
    """Whatever the bytes, the answer is a package or a refusal; also of a zip damaged in its middle."""
    whole = bytearray(zip_bytes(("index.py", b"x" * 300)))
    for place, value in enumerate(data):
        whole[place * 7 % len(whole)] ^= value
    for candidate in (data, bytes(whole)):
        with contextlib.suppress(BadValue, Refusal):
            assert code.unzip(candidate).files


def test_the_checksum_is_the_services():
    """The CRC-64 in decimal of a known text, and of nothing."""
    assert code.crc64(b"123456789") == str(0x995DC9BBDF1939FA)
    assert code.crc64(b"") == "0"


@pytest.mark.parametrize(
    "body",
    [b"[1, NaN]", b"-Infinity", b'"\\ud800"', b'"\\uDC00x"', b'"\xed\xa0\x80"', b"[" * 100_000, b"{", b"\xff", b""],
)
def test_json_that_could_not_be_written_again_is_refused(body):
    """NaN, half a surrogate pair, endless nesting: each is an error of the value, not of the reader."""
    with pytest.raises(ValueError, match=r"."):
        parse(body)


def test_json_with_whole_surrogate_pairs_is_read():
    """An emoji may be written as two escapes."""
    assert parse(b'"\\ud83d\\ude00"') == "😀"
    assert parse('"힣"'.encode()) == "힣"


fields = st.fixed_dictionaries(
    {
        "runtime": st.sampled_from(["python3", "python3.12", "custom", "custom.debian11"]),
        "handler": st.just("index.handler"),
    },
    optional={
        "memorySize": st.integers(2, 512).map(lambda steps: 64 * steps),
        "timeout": st.integers(1, 86400),
        "diskSize": st.sampled_from([512, 10240]),
        "environmentVariables": st.dictionaries(
            st.from_regex(r"[A-Z]{1,5}", fullmatch=True), st.text("abc ", max_size=5)
        ),
        "idleTimeout": st.integers(1, 1000),
        "internetAccess": st.booleans(),
        "role": st.text("abc", max_size=5),
        "customRuntimeConfig": st.fixed_dictionaries(
            {"command": st.just(["/code/run"]), "port": st.integers(1, 65535)}
        ),
    },
)


@given(fields)
def test_what_is_translated_comes_back(wanted):
    """A function described from the platform's own says what was asked for, and makes the same function again."""
    # A custom runtime is asked over the network, so it cannot be without it.
    assume(wanted.get("internetAccess", True) or not str(wanted["runtime"]).startswith("custom"))
    function = function_of(wanted, name="f", package=PACKAGE)
    version = Version(number=0, function=function, modified_s=0.0, notes=notes_of(wanted))
    described = description_of(version, Entry(name="f", draft=version, created_s=0.0), Place())
    assert {name: described[name] for name in wanted} == wanted
    assert function_of(fields_of(version), name="f", package=PACKAGE) == function
    json.dumps(described, allow_nan=False)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "runtime",
                "handler",
                "memorySize",
                "timeout",
                "environmentVariables",
                "idleTimeout",
                "instanceConcurrency",
                "instanceLifecycleConfig",
                "customRuntimeConfig",
                "customContainerConfig",
                "internetAccess",
                "diskSize",
            ]
        ),
        anything,
    )
)
def test_no_values_break_the_translation(content):
    """A value of any type and size is used or refused."""
    for runtime in ({}, {"runtime": "python3", "handler": "index.handler"}, {"runtime": "custom"}):
        with contextlib.suppress(BadValue, Refusal):
            assert function_of({**runtime, **content}, name="f", package=PACKAGE).payload == "bytes"


def test_who_may_not_come_in_hears_it_in_the_services_shape():
    """A key that is not the emulator's is an invalid key; a foreign host or page is denied."""
    for status, expected in ((401, "InvalidAccessKeyID"), (403, "AccessDenied")):
        response = gate_refusal(Request("GET", "/2023-03-30/functions"), status, "why.")
        content = json.loads(response.body)
        assert (response.status, content["Code"], content["Message"]) == (403, expected, "why.")


def test_code_is_read_beside_the_loop():
    """Reading a zip may take a while, so it happens in a thread; what it refuses is heard all the same."""

    async def read():
        return await asyncio.to_thread(code.read, {"zipFile": base64.b64encode(packed(PACKAGE)).decode()})

    assert asyncio.run(read()).package.files == PACKAGE.files
