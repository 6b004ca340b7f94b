"""A program that pushes models one after the other and says each number once it has it; see the tests beside it.

Run with a folder, a first and a last number, and perhaps ``gc``: then it sweeps after each push.
"""

import sys

from fnlab.serve import Registry


<<<<<<< .merge_file_TXpzvh
def main() -> None:
    """Push, and stage what was pushed."""
    registry = Registry(sys.argv[1])
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
=======
def main(folder, first, last, *also):
    """Push, stage and say so."""
    registry = Registry(folder)
    for number in range(int(first), int(last)):
>>>>>>> .merge_file_zdGCsj
        content = {"manifest.json": b"{}", "weights": str(number).encode() * 1000}
        version = registry.push(content, name="m")
        registry.stage("m", "staging", version)
        print(version.number, number, flush=True)
<<<<<<< .merge_file_TXpzvh
        if "gc" in sys.argv:
=======
        if "gc" in also:
>>>>>>> .merge_file_zdGCsj
            registry.gc()


if __name__ == "__main__":
<<<<<<< .merge_file_TXpzvh
    main()
=======
    main(*sys.argv[1:])
>>>>>>> .merge_file_zdGCsj
