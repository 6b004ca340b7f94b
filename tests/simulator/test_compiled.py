"""The compiled engine: the reference's trace, number for number, on scenarios full of ties; and life without numba."""

import subprocess
import sys
from math import inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.errors import BadValue, MissingExtra
from fnlab.functions import Function, Package, Scaling
from fnlab.simulator import backends, run
from fnlab.workload import Constant, Empirical, Exponential, Profile, Workload, burst, poisson


def simulated(engine, workload, profile, *, seed=0, **scaling):
    """A run on exactly one CPU, so that service time is CPU time."""
    package = Package({"main.py": b""})
    function = Function(name="f", handler="a:b", package=package, memory_mib=1769, scaling=Scaling(**scaling))
    return run(function, workload, profile=profile, seed=seed, engine=engine)


times_s = st.one_of(st.integers(0, 50).map(float), st.integers(0, 5).map(float), st.floats(0, 50))
durations_s = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.3]), min_size=1, max_size=5)
workloads = st.lists(times_s, max_size=60).map(lambda times: Workload(np.sort(np.array(times, dtype="f8")), 50))
REUSE = ["most-recently-used", "least-recently-used", "newest", "oldest"]


@st.composite
def scalings(draw):
    """Every rule with numbers in it."""
    most = draw(st.integers(1, 5))
    wait_s = draw(st.sampled_from([0, 0.5, 1, 5, inf]))
    binding = draw(st.sampled_from(["bound", "first-free"])) if wait_s else "bound"
    growth = draw(st.sampled_from([{}, {}, {"burst": 1, "growth_per_s": 0.5}, {"burst": 2, "growth_per_s": 1}]))
    return {
        "keep_alive_s": draw(st.sampled_from([0.0, 0.5, 1.0, 3.0, 7.25])),
        "max_instances": most,
        "min_instances": draw(st.integers(0, min(2, most))),
        "reuse": draw(st.sampled_from(REUSE)),
        "concurrency": draw(st.integers(1, 3)),
        "max_wait_s": wait_s,
        "max_queue": draw(st.sampled_from([None, 1, 3] + [0] * (binding == "bound"))) if wait_s < inf else 3,
        "binding": binding,
        **growth,
    }


@settings(max_examples=300, deadline=None)
@given(workloads, scalings(), durations_s, durations_s, st.integers(0, 5))
def test_compiled_equals_reference_event_for_event(workload, scaling, inits, services, seed):
    """Queues, shared instances, growth limits, provisioned ones and every policy of reuse: the very same trace."""
    profile = Profile(init_s=Empirical(inits), cpu_s=Empirical(services))
    compiled, reference = (
        simulated(engine, workload, profile, seed=seed, **scaling) for engine in ("compiled", "reference")
    )
    assert compiled.invocations.to_dict() == reference.invocations.to_dict()
    assert compiled == reference


@settings(max_examples=200, deadline=None)
@given(workloads, scalings(), durations_s, durations_s, st.booleans(), st.integers(0, 5))
def test_all_three_engines_agree_where_all_know_the_rules(workload, scaling, inits, services, replaces, seed):
    """One request an instance, no queue, cold laws: plain Python gives the same trace, too."""
    profile = Profile(
        init_s=Empirical(inits), cpu_s=Empirical(services), cold_s=Empirical(inits[::-1]) if replaces else None
    )
    rules = {name: scaling[name] for name in ("keep_alive_s", "max_instances", "min_instances")}
    reuse = REUSE[REUSE.index(scaling["reuse"]) % 2]
    compiled, fast, reference = (
        simulated(engine, workload, profile, seed=seed, reuse=reuse, **rules)
        for engine in ("compiled", "fast", "reference")
    )
    assert compiled == reference
    assert fast == reference


@pytest.mark.parametrize("scaling", [{}, {"concurrency": 4, "max_wait_s": 1, "max_instances": 6}, {"reuse": "oldest"}])
def test_blocks_leave_no_seam(scaling):
    """More requests than a block holds, and more instances than the first arrays hold, change nothing."""
    workload, profile = poisson(60, hours=0.1, seed=3), Profile(init_s=Exponential(0.2), cpu_s=Exponential(1))
    scaling = {"keep_alive_s": 2, "max_instances": 10_000} | scaling
    compiled, reference = (simulated(engine, workload, profile, **scaling) for engine in ("compiled", "reference"))
    assert len(workload) > 16_384
    assert compiled == reference


def test_a_policy_of_ones_own_is_refused_in_one_sentence():
    """Numbers are compiled, callables are not."""
    with pytest.raises(BadValue, match=r"^the compiled engine knows keep_alive=None only; got "):
        simulated("compiled", burst(1), Profile(init_s=Constant(1), cpu_s=Constant(1)), keep_alive=lambda view: 1.0)


def test_machine_code_depends_on_every_kernel_file():
    """Each is in the hash that is part of the type of a pool, without which the cache would serve code of old files."""
    from fnlab.simulator import kernel_books

    room = Path(kernel_books.__file__).parent
    assert set(kernel_books.SOURCES) == {"ledger.py"} | {path.name for path in room.glob("kernel_*.py")}
    assert any(name.startswith("sources_") for name in kernel_books.POOL.names)
    assert any(name.startswith("sources_") for name in kernel_books.STACK.names)


@pytest.mark.parametrize("reuse", ["most-recently-used", "newest"])
def test_a_day_in_a_book_never_waits_for_a_compiler(reuse):
    """Twenty thousand requests are simulated at once, by plain Python or the reference."""
    chosen = backends.choose("auto", Scaling(reuse=reuse), requests=20_000)
    assert chosen is None or chosen.__name__.endswith("fast")


WITHOUT = """
import sys
sys.modules["numba"] = None
import numpy as np
from fnlab.functions import Scaling
from fnlab.simulator import backends, simulate_many
from fnlab.workload import Constant
from fnlab.workload.population import Population
one = Population(rate_per_s=[24], service_s=[0.2], memory_mib=[128], duration_s=90_000)
rules = {"scaling": Scaling(keep_alive_s=60), "init_s": Constant(0.1), "progress": False}
print(simulate_many(one, **rules)["invocations"][0] > backends.WORTH_COMPILING["fast"])
"""


def test_without_numba_everything_works():
    """Two million requests in plain Python, numba being out of reach."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_the_room_is_imported_without_numba():
    """Who imports fnlab does not wait for a compiler."""
    look = "import sys, fnlab, fnlab.simulator; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_asked_for_without_numba_the_compiled_engine_says_what_to_install(monkeypatch):
    """The sentence names the extra."""
    monkeypatch.setattr(backends, "has_numba", lambda: False)
    with pytest.raises(MissingExtra, match=r"needs numba, which is not installed; run pip install"):
        simulated("compiled", burst(1), Profile(init_s=Constant(1), cpu_s=Constant(1)))
