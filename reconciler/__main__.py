"""`python -m reconciler` and the console script."""

import gc
import signal
import sys

NEW_OBJECTS_A_COLLECTION = 500_000


def main() -> None:
    """Runs the command line and ends the process with its exit code; SIGTERM is taken for Ctrl-C."""
    # Python's own threshold has the collector look through all modules again and again: a fifth of a plan's CPU.
    gc.set_threshold(NEW_OBJECTS_A_COLLECTION)
    from reconciler.cli import run

    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    code = run(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM):  # what has been reported is not unsaid while Python ends
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()  # what is left needs no last look either: the system takes it all back
    sys.exit(code)


if __name__ == "__main__":
    main()
