"""Several reads at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def concurrently(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order; the first error cancels the rest and is raised as it is, not in a
    group.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in work]
    except ExceptionGroup as errors:  # callers handle ReconcilerError, not groups
        # Not in `except*`: before Python 3.11.4 that wraps what is raised in it into a group again
        # (gh-103590).
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
