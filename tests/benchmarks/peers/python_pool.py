"""A pool in plain Python: a heap and a deque. Prints requests and CPU seconds for each line it reads."""

import json
import sys
import time
from collections import deque
from heapq import heappop, heappush
from random import expovariate


def play(job):
    """Count the cold starts."""
    busy, idle, now_s, cold = [], deque(), 0.0, 0
    rate_per_s, warm_rate, cold_rate, keep_s = job["rate_per_s"], 1 / job["warm_s"], 1 / job["cold_s"], job["keep_s"]
    for _ in range(job["requests"]):
        now_s += expovariate(rate_per_s)
        while busy and busy[0] <= now_s:
            idle.append(heappop(busy))
        while idle and idle[0] + keep_s < now_s:
            idle.popleft()
        if idle:
            idle.pop()
            heappush(busy, now_s + expovariate(warm_rate))
        else:
            cold += 1
            heappush(busy, now_s + expovariate(cold_rate))
    return cold


for line in sys.stdin:
    job = json.loads(line)
    began_s = time.process_time()
    play(job)
    print(json.dumps({"requests": job["requests"], "cpu_s": time.process_time() - began_s}), flush=True)
