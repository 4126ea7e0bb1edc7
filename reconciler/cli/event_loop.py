"""The one event loop of a command."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from reconciler import signals
from reconciler.errors import ReconcilerError

T = TypeVar("T")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """The result of the work; a signal cancels it until it handles signals itself.

    Raises:
        KeyboardInterrupt: a signal arrived while Graph was read; nothing was written.
    """
    import asyncio

    async def until_signal() -> T:
        """The work, as a task that a signal can cancel."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        with signals.reacting(lambda: loop.call_soon_threadsafe(task.cancel)):
            return await task

    try:
        return asyncio.run(until_signal())
    except (asyncio.CancelledError, ReconcilerError):
        # A request that fails while it is cancelled hides the cancellation; the signal came first.
        if signals.received():
            raise KeyboardInterrupt from None
        raise
