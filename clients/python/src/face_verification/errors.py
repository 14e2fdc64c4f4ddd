"""The error of every call."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .types import ErrorCode, Problem, ProblemErrorsItem

LocalCode: TypeAlias = Literal["connection_failed", "timed_out", "unexpected_answer"]


class FaceVerificationError(Exception):
    """A request without a result. `code` says why; a newer service can send codes that ErrorCode does not list."""

    def __init__(
        self,
        code: ErrorCode | LocalCode,
        message: str,
        *,
        problem: Problem | None = None,
        status: int | None = None,
        retryable: bool = False,
        job_id: str | None = None,
        batch_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        known: Problem | dict[str, None] = problem or {}
        self.code = code
        self.problem = problem
        """Everything that the service said."""
        self.status = status
        """HTTP status; None without an answer."""
        self.retryable = problem["retryable"] if problem else retryable
        """True if the same request can succeed later. The client has already repeated it."""
        self.image = known.get("image")
        """The photo that the error is about."""
        self.reason = known.get("reason")
        self.errors: list[ProblemErrorsItem] = known.get("errors") or []
        """One entry for each field or photo that is wrong."""
        self.job_id = known.get("job_id") or job_id
        """The job that continues, or that failed."""
        self.batch_id = batch_id
        self.request_id = known.get("request_id")
        self.retry_after = retry_after
        """Pause that the service asks for, seconds."""


def error_of(
    problem: Problem,
    *,
    status: int | None = None,
    job_id: str | None = None,
    retry_after: float | None = None,
) -> FaceVerificationError:
    """Returns the error for a problem of the service."""
    message = f"{problem['code']}: {problem['detail']}"
    return FaceVerificationError(
        problem["code"],
        message,
        problem=problem,
        status=status or problem["status"],
        job_id=job_id,
        retry_after=retry_after,
    )
