"""`python -m reconciler` and the console script.

Only this module changes the state of the process (signals, garbage collector, modules): here the
process is ours. A program that imports the package keeps its own state (ADR 0022).
"""

import gc
import os
import sys

from reconciler import signals

NEW_OBJECTS_PER_COLLECTION = 1_000_000
UNUSED_MODULES = ("httpx._main", "h2")
"""The command line of httpx and HTTP/2, which httpx imports if rich and h2 are installed."""


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    signals.install()
    _open_closed_descriptors()
    # With Python's own threshold the collector takes a tenth of the CPU of a short command.
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    _skip_unused_modules()
    from reconciler.cli import run

    code = run(sys.argv[1:])
    signals.retire()
    gc.freeze()  # no collection at exit: the operating system frees all memory
    sys.exit(code)


def _skip_unused_modules() -> None:
    """Makes httpx import neither of them: that took a fifth of the time of a plan."""
    for name in UNUSED_MODULES:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type] # means: not installed


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
