"""SIGINT, SIGTERM and SIGHUP: what they do at each stage of a run, whatever dispositions the process has inherited.

A shell without job control starts background commands with SIGINT ignored, so do `nohup`, cron and CI runners; Python
keeps that. A signal must never be lost: what would go on after it writes.

| stage                      | the first signal                      | later ones                |
|----------------------------|---------------------------------------|---------------------------|
| starting, reading files    | ends the process (130)                |                           |
| reading Graph              | cancels the reading, then 130         | the same                  |
| asking for approval        | aborts, then 130                      |                           |
| applying                   | no new write begins                   | what is in flight is cut  |
| reporting what was applied | nothing: it is written out completely | nothing                   |
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

INTERRUPTED = 130
"""Exit code of a run that a signal ended."""

Reaction = Callable[[], object]
"""What a signal does. It runs between two instructions of whatever is going on, so it had better do little."""

_NUMBERS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def end_process() -> None:
    """Ends the process at once, with one word on stderr: nothing has begun that would have to be finished.

    An exception would be lost where Python only prints it, in a destructor or in the callback of an import lock.
    """
    with suppress(OSError):
        os.write(2, b"\nInterrupted.\n")
    os._exit(INTERRUPTED)


class _State:
    """Of the process, as signals are. A plain class: each import here delays the moment from which they count."""

    received = 0
    reaction: Reaction = staticmethod(end_process)


_state = _State()


def install() -> None:
    """From now on the three signals do what `react` was given last, and `end_process` before that.

    What was inherited is replaced. But SIGHUP stays ignored where it was: that is what `nohup` is for.
    """
    for number in _NUMBERS:
        inherited = signal.getsignal(number)
        if inherited is not signal.SIG_IGN or number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _receive)


def _receive(_number: int, _frame: object) -> None:
    _state.received += 1
    _state.reaction()


def retire() -> None:
    """From now on the signals do nothing: what was reported stays true while Python ends, which takes handlers away."""
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def received() -> int:
    """How many signals have come so far."""
    return _state.received


def react(reaction: Reaction) -> Reaction:
    """Signals call `reaction` from now on; the former one, to be put back."""
    former, _state.reaction = _state.reaction, reaction
    return former


@contextmanager
def reacting(reaction: Reaction) -> Iterator[None]:
    """Signals call `reaction` while the block lasts, unless something in it has reacted otherwise since."""
    former = react(reaction)
    try:
        yield
    finally:
        if _state.reaction is reaction:
            react(former)


@contextmanager
def deferred() -> Iterator[None]:
    """A signal that comes while the block lasts takes effect right after it: the block is done wholly or not at all."""
    before = received()
    with reacting(ignore):
        yield
    if received() > before:
        _state.reaction()


def ignore() -> None:
    """Does nothing: what is being reported has happened already."""


def interrupt() -> None:
    """Raises KeyboardInterrupt where the program is: for a prompt, which waits for nothing else."""
    raise KeyboardInterrupt
