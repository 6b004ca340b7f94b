"""fnlab's pool, by the engine and the policy of reuse named in the command line.

Prints requests and CPU seconds for each line it reads.
"""

import json
import resource
import sys
import time

import numpy as np

from fnlab.functions import Scaling
from fnlab.simulator import simulate_many
from fnlab.workload import Constant, Exponential
from fnlab.workload.population import Population

KIB_PER_MB = 1000


def one(job, engine, reuse):
    """A pool of one function."""
    requests, rate_per_s = job["requests"], job["rate_per_s"]
    population = Population(
        rate_per_s=[rate_per_s], service_s=[job["warm_s"]], memory_mib=[128], duration_s=requests / rate_per_s
    )
    return simulate_many(
        population,
        scaling=Scaling(keep_alive_s=job["keep_s"], max_instances=1_000, reuse=reuse),
        init_s=Constant(0),
        cold_s=Exponential(job["cold_s"]),
        engine=engine,
        threads=1,
        progress=False,
    )


def day(job, engine, reuse):
    """A day of functions whose popularity follows Zipf's law; durations as in Serverless in the Wild, cut to 60 s."""
    count = job["functions"]
    rate_per_s = 1 / np.arange(1.0, count + 1)
    rate_per_s *= job["requests"] / 86_400 / rate_per_s.sum()
    service_s = np.clip(np.random.default_rng(0).lognormal(-0.38, 2.36, count), 0.001, 60)
    population = Population(
        rate_per_s=rate_per_s, service_s=service_s, memory_mib=np.full(count, 128), duration_s=86_400
    )
    return simulate_many(
        population,
        scaling=Scaling(keep_alive_s=600, max_instances=1_000_000, reuse=reuse),
        init_s=Constant(0.25),
        engine=engine,
        threads=job["threads"],
        progress=False,
    )


engine, reuse = sys.argv[1:]
for line in sys.stdin:
    job = json.loads(line)
    began_s, began_wall_s = time.process_time(), time.perf_counter()
    tally = (day if "functions" in job else one)(job, engine, reuse)
    answer = {
        "requests": tally.invocations,
        "cpu_s": time.process_time() - began_s,
        "wall_s": time.perf_counter() - began_wall_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MB,
    }
    print(json.dumps(answer), flush=True)
