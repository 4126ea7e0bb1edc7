"""The limits of a run's requests."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.network.retry import RetryPolicy
from reconciler.network.throttle import ReportStatus
from reconciler.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of retries, of the time per request and of concurrency; `report_status` shows long
    waits.
    """

    retry: RetryPolicy
    timeout_s: float = 30.0
    concurrency: int = 8
    report_status: ReportStatus = lambda _text: None

    @classmethod
    def of(cls, settings: Settings, report_status: ReportStatus) -> Limits:
        """The limits that the settings ask for."""
        retry = RetryPolicy(settings.max_retries)
        return cls(retry, settings.timeout_s, settings.concurrency, report_status)
