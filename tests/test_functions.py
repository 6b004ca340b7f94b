"""The nouns of the room ``functions``: what they hold, and what they refuse in a sentence."""

from dataclasses import replace

import pytest

from fnlab.errors import BadValue, DeployError
from fnlab.functions import Function, Limits, Package, Scaling

PACKAGE = Package({"main.py": b"def handler(event, context): ..."})


def function(**settings):
    """A function that is fine but for the settings given."""
    return Function(**({"name": "f", "handler": "main:handler", "package": PACKAGE} | settings))


def test_a_batched_function_shows_its_batches():
    """In a notebook: how many at once, and how long it waits for them; one that is not batched says nothing."""
    plain = Function(name="f", handler="main:handler", package=Package({}), scaling=Scaling(concurrency=16))
    assert "batches" not in plain._repr_html_()
    assert "<td style='text-align:left'>of up to 16</td>" in replace(plain, batch=True)._repr_html_()
    held = replace(plain, batch=True, batch_wait_s=0.005)
    assert "<td style='text-align:left'>of up to 16, held up to 0.005 s</td>" in held._repr_html_()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"memory_mib": 64},
            "memory_mib must be a whole number from 128 to 10240 in steps of 1 (AWS Lambda, as of 2023-10-30); got 64.",
        ),
        (
            {"memory_mib": 600, "limits": "alibaba-fc"},
            (
                "memory_mib must be a whole number from 128 to 32768 in steps of 64 "
                "(Alibaba Function Compute 3.0, as of 2026-05-28); got 600."
            ),
        ),
        (
            {"memory_mib": 512.5},
            (
                "memory_mib must be a whole number from 128 to 10240 in steps of 1 "
                "(AWS Lambda, as of 2023-10-30); got 512.5."
            ),
        ),
        ({"timeout_s": 901}, "timeout_s must be from 1 to 900 seconds (AWS Lambda, as of 2023-10-30); got 901."),
        ({"timeout_s": "3"}, "timeout_s must be from 1 to 900 seconds (AWS Lambda, as of 2023-10-30); got '3'."),
        ({"limits": "azure"}, "limits must be one of alibaba-fc, aws-lambda; got 'azure'."),
        (
            {"name": "a.b"},
            "a function's name must be 1 to 64 letters, digits, _ or -; got 'a.b'.",
        ),
        ({"handler": "main.handler"}, "handler must read 'module:function'; got 'main.handler'."),
        ({"env": {"A=B": "c"}}, "env must map names to text; got 'A=B': 'c'."),
        ({"env": {"A": 1}}, "env must map names to text; got 'A': 1."),
        ({"batch": 16}, "batch must be True or False; got 16."),
        ({"batch_wait_s": 0.01}, "batch_wait_s needs batch=True; got 0.01 s without it."),
        ({"batch_wait_s": -1}, "batch_wait_s must be a number of seconds of at least 0; got -1."),
        ({"batch_wait_s": float("nan")}, "batch_wait_s must be a number of seconds of at least 0; got nan."),
        ({"batch_wait_s": True}, "batch_wait_s must be a number of seconds of at least 0; got True."),
        (
            {"batch": True, "batch_wait_s": 3, "scaling": Scaling(concurrency=16)},
            "batch_wait_s must be below timeout_s (3 s); got 3 s.",
        ),
        (
            {"batch": True, "runtime": "http", "command": ("serve",), "scaling": Scaling(concurrency=16)},
            "batch needs the runtime 'python'; got 'http'.",
        ),
        (
            {"batch": True},
            (
                "batch needs an instance that gets several requests at once; got concurrency 1: "
                "set scaling=Scaling(concurrency=16)."
            ),
        ),
    ],
)
def test_a_function_refuses_what_breaks_a_rule(settings, sentence):
    """The sentence says the rule, whose rule it is, and what was found."""
    with pytest.raises(BadValue) as caught:
        function(**settings)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"keep_alive_s": -1}, "keep_alive_s must be at least 0; got -1."),
        ({"keep_alive_s": float("nan")}, "keep_alive_s must be finite; got nan."),
        ({"keep_alive_s": "long"}, "keep_alive_s must be a number; got 'long'."),
        ({"max_instances": 0}, "max_instances must be a whole number of at least 1; got 0."),
        ({"min_instances": 1.5}, "min_instances must be a whole number of at least 0; got 1.5."),
        (
            {"min_instances": 3, "max_instances": 2},
            "min_instances must not exceed max_instances; got 3 and 2.",
        ),
        (
            {"reuse": "random"},
            "reuse must be one of most-recently-used, least-recently-used, newest, oldest; got 'random'.",
        ),
    ],
)
def test_scaling_refuses_what_breaks_a_rule(settings, sentence):
    """Likewise."""
    with pytest.raises(BadValue) as caught:
        Scaling(**settings)
    assert str(caught.value) == sentence


def test_functions_are_frozen_and_changed_by_making_another():
    """``with_scaling`` leaves the first as it was and refuses rules that do not exist."""
    first = function()
    second = first.with_scaling(keep_alive_s=60, max_instances=2)
    assert (first.scaling, second.scaling) == (Scaling(), Scaling(keep_alive_s=60, max_instances=2))
    with pytest.raises(BadValue, match=r"scaling is one of keep_alive_s, .*; got 'keepalive_s'"):
        first.with_scaling(keepalive_s=60)
    with pytest.raises(AttributeError):
        first.memory_mib = 1


def test_cpu_comes_with_memory():
    """1,769 MiB is one virtual CPU on AWS Lambda."""
    assert function(memory_mib=1769).cpu_share == 1.0
    assert function(memory_mib=512).cpu_share == pytest.approx(0.2894, abs=1e-4)


@pytest.mark.parametrize("provider", ["aws-lambda", "alibaba-fc"])
def test_every_limit_has_a_source_a_date_and_a_status(provider):
    """A fact without these three is not a fact."""
    facts = {key: fact for key, fact in Limits.of(provider).facts.items() if isinstance(fact, dict)}
    for fact in facts.values():
        assert fact["source"]
        assert fact["as_of"]
        assert fact["status"] in {"confirmed", "secondary", "unconfirmed"}


def test_a_package_is_its_content():
    """Same files, same hash, in whatever order; another byte or another name, another hash."""
    first = Package({"a.py": b"1", "b.py": b"2"})
    assert first.sha256 == Package({"b.py": b"2", "a.py": b"1"}).sha256
    assert first.sha256 != Package({"a.py": b"1", "b.py": b"3"}).sha256
    assert first.sha256 != Package({"a.py": b"1", "c.py": b"2"}).sha256
    assert Package({"ab": b"c"}).sha256 != Package({"a": b"bc"}).sha256


def test_a_package_is_read_from_a_folder(tmp_path):
    """Every file below it, but no caches; an empty or missing folder is refused."""
    (tmp_path / "sub" / "__pycache__").mkdir(parents=True)
    (tmp_path / "main.py").write_text("x")
    (tmp_path / "sub" / "data.bin").write_bytes(b"\0")
    (tmp_path / "sub" / "__pycache__" / "main.pyc").write_bytes(b"\0")
    assert dict(Package.of_folder(tmp_path).files) == {"main.py": b"x", "sub/data.bin": b"\0"}
    with pytest.raises(DeployError, match="must exist"):
        Package.of_folder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DeployError, match="must hold at least one file"):
        Package.of_folder(tmp_path / "empty")


@pytest.mark.parametrize("name", ["/etc/passwd", "../up.py", "a/../../b", "", "a\\b"])
def test_a_package_stays_inside_its_folder(name):
    """Paths that lead out are refused."""
    with pytest.raises(BadValue, match="relative and stay inside"):
        Package({name: b""})
