"""Who loses patience keeps what is done."""

import signal
import subprocess
import sys

PROGRAM = """
import sys
import fnlab as fl
from fnlab.functions import Function, Package
from fnlab.workload import Constant, Exponential, Profile, poisson

page = Profile(init_s=Constant(0.5), cpu_s=Exponential(0.5))
function = Function(name="page", handler="page:view", package=Package({}), memory_mib=1769)
workload = poisson(20, hours=20, seed=1)
told = []

def begun(at_s):
    if at_s > 0 and not told:
        print("begun", flush=True)
        told.append(at_s)

trace = fl.simulator.run(function, workload, profile=page, engine="reference", on_progress=begun)
whole = int((workload.arrivals_s < trace.duration_s).sum())
print(0 < trace.duration_s < workload.duration_s, len(trace) == whole, bool(trace.served.all()))
"""


def test_an_interrupted_run_is_a_trace_up_to_there():
    """A real interrupt, in the middle of more than a million requests: the trace ends where the run had come to."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "begun\n"
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=60)
    assert (out.split(), run.returncode) == (["True", "True", "True"], 0)
