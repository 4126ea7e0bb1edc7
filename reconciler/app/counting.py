"""The progress of work in steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from reconciler.app.runs import Progress


def counting(what: str, total: int, progress: Progress) -> Callable[[], None]:
    """A function to call each time one of `total` steps is done."""
    done = itertools.count(1)
    return lambda: progress.advance(what, next(done), total)
