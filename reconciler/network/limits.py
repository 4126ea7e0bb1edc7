"""The limits of a run's requests."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.network.retry import RetryPolicy
from reconciler.network.throttle import ReportStatus


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of retries, of the time per request and of concurrency; `report_status` shows long
    waits.
    """

    retry: RetryPolicy
    timeout_s: float = 30.0
    concurrency: int = 8
    report_status: ReportStatus = lambda _text: None
