"""The digits SVC on the whole platform over HTTP. ``python platform_digits.py PORT INSTANCES``."""

import signal
import sys
import threading

from sklearn.svm import SVC

import fnlab as fl

WAIT_S = 30


def main(port: int, instances: int) -> None:
    """Serve until killed; the token is the first line of the output."""
    model = fl.train(SVC(gamma=0.001), fl.datasets.load("digits"))
    with fl.Emulator() as emulator:
        scaling = fl.Scaling(min_instances=instances, max_instances=instances, max_wait_s=WAIT_S)
        fl.deploy(model, name="digits", memory_mib=1769, scaling=scaling, emulator=emulator)
        emulator.serve(port=port)
        print(emulator.token, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that instances and the home go, too
    main(int(sys.argv[1]), int(sys.argv[2]))
