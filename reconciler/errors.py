"""Every exception we raise, with the exit code the command ends with.

    ReconcilerError                 1   anything an operator can cause or must know
    ├── UsageError                  1   the command line or the environment asks for something impossible
    ├── AuthenticationError         1   no token, or Graph refuses it after one renewal
    ├── InvalidFilesError           3   a saved plan is missing, unreadable or no plan document
    ├── RefusedError                4   a guard or a missing approval
    ├── StalePlanError              5   the plan no longer fits what is live, was altered, or the digest differs
    ├── JournalError                1   the record that was asked for cannot be kept; nothing more is written
    ├── OutputError                 1   stdout does not hold the result (6 after a write)
    ├── OvertakenError              -   one change no longer fits; becomes an outcome, never an exit code of its own
    ├── StoppedError                -   one write was not sent, because the run is to end; becomes an outcome
    └── GraphError                  1   one exchange with Graph went wrong; reads turn it into "unreadable"
        ├── GraphRefusalError           an HTTP error status: status, Graph's code, message, request id
        ├── GraphAnswerError            an answer that must not be trusted, or from which nothing can be concluded
        │   └── GarbledAnswerError      a 2xx that is no JSON object: cut, or of a proxy's making
        └── GraphUnansweredError        no HTTP answer at all; says whether the request may have left

`cli` catches `ReconcilerError` once; everything else is a bug and shows as one.
"""

from __future__ import annotations

from collections.abc import Mapping


class ReconcilerError(Exception):
    """What went wrong, in one sentence; `hint` says what the operator can do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ReconcilerError):
    """The command line or the environment asks for something that cannot be done."""


class AuthenticationError(ReconcilerError):
    """No token could be obtained, or Graph still answers 401 after one renewal (`request_id` of the last)."""

    def __init__(self, message: str, *, request_id: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.request_id = request_id


class InvalidFilesError(ReconcilerError):
    """A file that is not what it should be: missing, unreadable, or no plan document."""

    exit_code = 3


class RefusedError(ReconcilerError):
    """A guard said no, or nobody approved; nothing was written."""

    exit_code = 4


class StalePlanError(ReconcilerError):
    """The plan is not (or no longer) the plan for what is live; nothing was written."""

    exit_code = 5


class OvertakenError(ReconcilerError):
    """Right before a write the object is not as planned; the write did not go out (again).

    `done`: because an earlier attempt of the same write was carried out.
    """

    def __init__(self, message: str, *, done: bool = False) -> None:
        super().__init__(message)
        self.done = done


class StoppedError(ReconcilerError):
    """The run is to end: the write did not go out (again)."""


class JournalError(ReconcilerError):
    """The record of the run cannot be written."""


class OutputError(ReconcilerError):
    """The result cannot be written to stdout, which is full or broken."""


class GraphError(ReconcilerError):
    """One exchange with Graph went wrong; `request_id` finds it in Microsoft's logs, where there is one."""

    def __init__(self, message: str, *, request_id: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.request_id = request_id


class GraphRefusalError(GraphError):
    """Graph answered with an error status; `headers` are those of the answer."""

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
        """True when nothing was carried out: a 4xx, but neither a timeout nor a conflict (docs/graph.md §5.3)."""
        return 400 <= self.status < 500 and self.status not in (408, 409)


class GraphAnswerError(GraphError):
    """Graph answered, but what it said cannot be understood or must not be trusted."""


class GarbledAnswerError(GraphAnswerError):
    """Graph, or somebody on the way, answered with success and with something that is no JSON object."""


class GraphUnansweredError(GraphError):
    """No HTTP answer came; `never_left` is true when the request provably did not reach Graph."""

    def __init__(self, message: str, *, never_left: bool, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.never_left = never_left
