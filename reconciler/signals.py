"""SIGINT, SIGTERM and SIGHUP: what they do at each stage of a run, whatever handling the process
inherited.

A shell without job control, `nohup`, cron and CI runners start commands with signals ignored, and
Python keeps that. A signal must never be ignored while a run may still write.

| stage                      | the first signal                      | later ones                |
|----------------------------|---------------------------------------|---------------------------|
| starting, reading files    | ends the process (130)                |                           |
| reading Graph              | cancels the reading, then 130         | the same                  |
| asking for approval        | cancels the prompt, then 130          |                           |
| applying                   | graceful stop: no new write starts    | cancels writes in flight  |
| reporting what was applied | nothing: the report is completed      | nothing                   |

`plan` and `drift` load files while they read Graph: there a signal cancels both after the file at
hand.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

INTERRUPTED = 130
"""Exit code of a run that a signal ended."""

Reaction = Callable[[], object]
"""What a signal does. It can run between any two instructions of the program, so it must do little.
"""

_NUMBERS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def end_process() -> None:
    """Ends the process at once, with one word on stderr: nothing was started that would have to be
    finished.

    Python would only print an exception raised in a destructor or in the callback of an import
    lock.
    """
    with suppress(OSError):
        os.write(2, b"\nInterrupted.\n")
    os._exit(INTERRUPTED)


class _State:
    """State of the process, as signals are. A plain class: each import here delays the installation
    of the handlers.
    """

    received = 0
    reaction: Reaction = staticmethod(end_process)


_state = _State()


def install() -> None:
    """Handles the three signals: from now on they call the latest reaction, at first `end_process`.

    Inherited handling is replaced, except that an ignored SIGHUP stays ignored: that is the purpose
    of `nohup`.
    """
    for number in _NUMBERS:
        inherited = signal.getsignal(number)
        if inherited is not signal.SIG_IGN or number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _receive)


def _receive(_number: int, _frame: object) -> None:
    _state.received += 1
    _state.reaction()


def retire() -> None:
    """Ignores the signals from now on, so that they cannot change the exit code while Python shuts
    down.
    """
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def received() -> int:
    """How many signals were received so far."""
    return _state.received


def react(reaction: Reaction) -> Reaction:
    """Sets the reaction to signals from now on; returns the former one."""
    former, _state.reaction = _state.reaction, reaction
    return former


@contextmanager
def reacting(reaction: Reaction) -> Iterator[None]:
    """Sets the reaction to signals within the block; restores the former one unless the block set
    another.
    """
    former = react(reaction)
    try:
        yield
    finally:
        if _state.reaction is reaction:
            react(former)


@contextmanager
def deferred() -> Iterator[None]:
    """Delays signals received within the block until its end: the block runs completely or not at
    all.
    """
    before = received()
    with reacting(ignore):
        yield
    if received() > before:
        _state.reaction()


def ignore() -> None:
    """Does nothing: the report is about something that already happened."""


def interrupt() -> None:
    """Raises KeyboardInterrupt at the current instruction: for a prompt, which only waits for
    input.
    """
    raise KeyboardInterrupt
