"""`python -m reconciler` and the console script."""

import signal
import sys

from reconciler.cli import run


def main() -> None:
    """Runs the command line and ends the process with its exit code; SIGTERM is taken for Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    code = run(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM):  # what has been reported is not unsaid while Python ends
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


if __name__ == "__main__":
    main()
