"""SimFaaS: a pool under Poisson arrivals. Prints requests and CPU seconds, one run for each line it reads."""

import json
import sys
import time

from simfaas.ServerlessSimulator import ServerlessSimulator

for line in sys.stdin:
    job = json.loads(line)
    simulator = ServerlessSimulator(
        arrival_rate=job["rate_per_s"],
        warm_service_rate=1 / job["warm_s"],
        cold_service_rate=1 / (job["cold_s"] * (1 + 1e-9)),  # it refuses a cold law as fast as the warm one
        expiration_threshold=job["keep_s"],
        max_time=job["requests"] / job["rate_per_s"],
    )
    began_s = time.process_time()
    simulator.generate_trace(debug_print=False, progress=False)
    spent_s = time.process_time() - began_s
    print(json.dumps({"requests": simulator.total_req_count, "cpu_s": spent_s}), flush=True)
