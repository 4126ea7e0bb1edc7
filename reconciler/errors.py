"""Every exception we raise, with the exit code the command ends with.

    ReconcilerError             1  an error that the operator can cause or must know
    ├── UsageError              1  the command line or an environment variable is invalid
    ├── AuthenticationError     1  no token, or it is rejected after one renewal
    ├── InvalidFilesError       3  a saved plan is missing, unreadable or not a plan document
    ├── RefusedError            4  a guard or a missing approval
    ├── StalePlanError          5  the plan no longer matches Graph, was altered, or digests differ
    ├── JournalError            1  the journal is in use, damaged, or can no longer be written
    ├── OutputError             1  the result cannot be written to stdout (6 after a write)
    ├── NotRepeatedError        -  one write was not sent again; becomes an outcome
    ├── StoppedError            -  one write was not sent, as the run must end; becomes an outcome
    ├── UndecidedError          -  a probe of the live check cannot decide; becomes its reason
    └── ServiceError            1  one exchange with Graph, or with Azure Resource Manager, failed;
        │                          reads turn it into "unreadable"
        ├── ServiceRefusalError      an HTTP error: status, the service's code, message, request ID
        ├── ServiceAnswerError       an answer that is invalid or must not be trusted
        │   └── GarbledAnswerError   a 2xx that is not a JSON object: truncated, or a proxy's
        └── ServiceUnansweredError   no HTTP answer; says whether the request may have been sent

`cli` catches `ReconcilerError` once; any other exception is a bug and is reported as one.
"""

from __future__ import annotations

from collections.abc import Mapping

RETRY = "Retry; if the error persists, contact Microsoft support with the request ID."


class ReconcilerError(Exception):
    """What happened, in one sentence; `hint` says what the operator can do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ReconcilerError):
    """The command line or an environment variable asks for something that cannot be done."""


class AuthenticationError(ReconcilerError):
    """No token could be obtained, or the service still answers 401 after one renewal; `request_id`
    is that of the last answer.
    """

    def __init__(
        self, message: str, *, request_id: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.request_id = request_id


class InvalidFilesError(ReconcilerError):
    """A file that is missing, unreadable or not a plan document."""

    exit_code = 3


class RefusedError(ReconcilerError):
    """A guard refused, or the plan was not approved; nothing was written."""

    exit_code = 4


class StalePlanError(ReconcilerError):
    """The plan does not match Graph, or no longer does; nothing was written."""

    exit_code = 5


class NotRepeatedError(ReconcilerError):
    """The check before a write is repeated shows that it must not be.

    `may_be_applied`: because an earlier attempt of the same write was applied, or may have been.
    """

    request_id: str | None = None

    def __init__(self, message: str, *, may_be_applied: bool = False) -> None:
        super().__init__(message)
        self.may_be_applied = may_be_applied


class StoppedError(ReconcilerError):
    """The run must end: the write was not sent (again)."""


class UndecidedError(ReconcilerError):
    """A probe of the live check cannot go on: what it has not decided stays unknown."""


class JournalError(ReconcilerError):
    """The journal is in use or damaged, or can no longer be written; nothing more is sent."""


class OutputError(ReconcilerError):
    """The result cannot be written to stdout: the disk is full or the stream is broken."""


class ServiceError(ReconcilerError):
    """One exchange with Graph failed; Microsoft support can find it by its `request_id`, if it has
    one.
    """

    def __init__(
        self, message: str, *, request_id: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.request_id = request_id

    def with_hint(self) -> str:
        """The message with what to do: the same for every command that reads."""
        hint = None if isinstance(self, ServiceUnansweredError) else self.hint
        return f"{self} {hint or RETRY}"


class ServiceRefusalError(ServiceError):
    """Graph answered with an HTTP error status; `headers` are those of the answer."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str | None = None,
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, hint=hint)
        self.status = status
        self.code = code
        self.headers = headers or {}

    @property
    def certain(self) -> bool:
        """True if nothing was applied: a 4xx, but neither a timeout nor a conflict
        (docs/graph.md §5.3).
        """
        return 400 <= self.status < 500 and self.status not in (408, 409)


class DeleteRefusalError(ServiceRefusalError):
    """The same for a DELETE, where a conflict is a refusal: something uses the object."""

    @property
    def certain(self) -> bool:
        """True if nothing was deleted: a 4xx, but not a timeout (docs/graph.md §1.6)."""
        return 400 <= self.status < 500 and self.status != 408


class ServiceAnswerError(ServiceError):
    """Graph answered, but the answer is invalid or must not be trusted."""


class GarbledAnswerError(ServiceAnswerError):
    """Graph, or a proxy, answered with success and a body that is not a JSON object."""


class ServiceUnansweredError(ServiceError):
    """There was no HTTP answer; `not_sent` is true if the request certainly did not reach Graph."""

    def __init__(self, message: str, *, not_sent: bool, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.not_sent = not_sent
