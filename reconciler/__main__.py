"""`python -m reconciler` and the console script."""

import gc
import os
import sys

from reconciler import signals

NEW_OBJECTS_PER_COLLECTION = 500_000


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    signals.install()
    _open_closed_descriptors()
    # With Python's own threshold the garbage collector takes a fifth of the CPU time of a plan.
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    from reconciler.cli import run

    code = run(sys.argv[1:])
    signals.retire()
    gc.freeze()  # no collection at exit: the operating system frees all memory
    sys.exit(code)


def _open_closed_descriptors() -> None:
    """Opens the null device for a closed stdin, stdout or stderr: otherwise the next file gets its
    descriptor.

    A program that this one starts, such as the Azure CLI, would then print into a journal or a
    database.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


if __name__ == "__main__":
    main()
