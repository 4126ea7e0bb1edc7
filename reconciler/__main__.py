"""`python -m reconciler` and the console script."""

import signal
import sys

from reconciler.cli import run


def main() -> None:
    """Runs the command line and ends the process with its exit code; SIGTERM is taken for Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
