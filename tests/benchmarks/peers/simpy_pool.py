"""A pool in SimPy, one process a request. Prints requests and CPU seconds for each line it reads."""

import json
import random
import sys
import time
from collections import deque

import simpy


def source(env, idle, job, cold):
    """Let requests arrive; stop what is idle for too long when somebody looks."""
    for _ in range(job["requests"]):
        yield env.timeout(random.expovariate(job["rate_per_s"]))
        while idle and idle[0] + job["keep_s"] < env.now:
            idle.popleft()
        env.process(request(env, idle, job, cold))


def request(env, idle, job, cold):
    """Take the instance that was used last, or start one."""
    if idle:
        idle.pop()
        yield env.timeout(random.expovariate(1 / job["warm_s"]))
    else:
        cold.append(env.now)
        yield env.timeout(random.expovariate(1 / job["cold_s"]))
    idle.append(env.now)


for line in sys.stdin:
    job = json.loads(line)
    env, idle, cold = simpy.Environment(), deque(), []
    began_s = time.process_time()
    env.process(source(env, idle, job, cold))
    env.run()
    spent_s = time.process_time() - began_s
    print(json.dumps({"requests": job["requests"], "cpu_s": spent_s}), flush=True)
