"""The digits SVC on the whole platform over HTTP. ``python platform_digits.py PORT INSTANCES [batches]``."""

import signal
import sys
import threading

from sklearn.svm import SVC

import fnlab as fl

WAIT_S = 30
LARGEST_BATCH = 32


def main(port: int, instances: int, *, batches: bool) -> None:
    """Serve until killed; the token is the first line of the output."""
    model = fl.train(SVC(gamma=0.001), fl.datasets.load("digits"))
    with fl.Emulator() as emulator:
        scaling = fl.Scaling(
            concurrency=LARGEST_BATCH if batches else 1,
            min_instances=instances,
            max_instances=instances,
            max_wait_s=WAIT_S,
        )
        fl.deploy(model, name="digits", memory_mib=1769, scaling=scaling, batch=batches, emulator=emulator)
        emulator.serve(port=port)
        print(emulator.token, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that instances and the home go, too
    main(int(sys.argv[1]), int(sys.argv[2]), batches="batches" in sys.argv[3:])
