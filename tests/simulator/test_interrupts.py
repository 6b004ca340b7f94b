"""Who loses patience keeps what is done."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import fnlab as fl
from fnlab.functions import Function, Package
from fnlab.workload import Constant, Exponential, Profile, poisson

page = Profile(init_s=Constant(0.5), cpu_s=Exponential(0.5))
function = Function(name="page", handler="page:view", package=Package({}), memory_mib=1769)
engine, hours = sys.argv[1], int(sys.argv[2])
workload = poisson(20, hours=hours, seed=1)
told = []

def begun(at_s):
    if at_s > 0 and not told:
        print("begun", flush=True)
        told.append(at_s)

trace = fl.simulator.run(function, workload, profile=page, engine=engine, on_progress=begun)
before, at = ((workload.arrivals_s < trace.duration_s).sum(), (workload.arrivals_s <= trace.duration_s).sum())
print(0 < trace.duration_s < workload.duration_s, len(trace) in (before, at), bool(trace.served.all()))
"""


@pytest.mark.parametrize(("engine", "hours"), [("reference", 20), ("fast", 60), ("compiled", 300)])
def test_an_interrupted_run_is_a_trace_up_to_there(engine, hours):
    """A real interrupt, in the middle of millions of requests: the trace ends where the run had come to."""
    arguments = [sys.executable, "-c", PROGRAM, engine, str(hours)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "begun\n"
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=120)
    assert (out.split(), run.returncode) == (["True", "True", "True"], 0)
