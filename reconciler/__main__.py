"""`python -m reconciler` and the console script."""

import gc
import os
import sys

from reconciler import signals

NEW_OBJECTS_A_COLLECTION = 500_000


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    signals.install()
    _open_closed_descriptors()
    # Python's own threshold has the collector look through all modules again and again: a fifth of a plan's CPU.
    gc.set_threshold(NEW_OBJECTS_A_COLLECTION)
    from reconciler.cli import run

    code = run(sys.argv[1:])
    signals.retire()
    gc.freeze()  # what is left needs no last look either: the system takes it all back
    sys.exit(code)


def _open_closed_descriptors() -> None:
    """Opens the null device where stdin, stdout or stderr is closed: else the next file or socket gets its number.

    A program that this one starts, such as the Azure CLI, would then print into a journal or a database.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


if __name__ == "__main__":
    main()
