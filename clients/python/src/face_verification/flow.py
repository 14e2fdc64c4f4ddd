"""Sends a request and repeats it, without deciding how: client.py runs the same flows with and without asyncio."""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, TypeVar

import httpx

from .errors import FaceVerificationError, error_of

T = TypeVar("T")

ATTEMPT_TIMEOUT = 75.0
"""Seconds. The service holds a caller for 60 s at most unless it is configured otherwise."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
PASSING_STATUSES = (408, 429, 502, 503, 504)
"""Answers of proxies that can pass."""


@dataclass(frozen=True)
class Call:
    """One HTTP request."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes | None = None
    files: Mapping[str, tuple[str | None, bytes, str]] | None = None
    pause: float = 0.0
    """Seconds to wait before it is sent."""
    timeout: float = ATTEMPT_TIMEOUT


@dataclass(frozen=True)
class Limits:
    """What a call of the client may cost, repetitions included."""

    deadline: float
    """Of time.monotonic()."""
    retries: int

    def left(self) -> float:
        """Returns the seconds that are left; negative after the deadline."""
        return self.deadline - time.monotonic()


Flow: TypeAlias = Generator[Call, httpx.Response, T]
"""Yields calls and receives their responses, or httpx.RequestError thrown in; returns a result."""


def send(call: Call, limits: Limits) -> Flow[httpx.Response]:
    """Returns a successful response. Repeats the call after a passing failure, no sooner than Retry-After asks for.

    So send only what is safe to repeat: reads, cancellations, and the rest with an Idempotency-Key.
    """
    attempt = 0
    pause = call.pause
    while True:
        try:
            left = limits.left() - pause
            timeout = max(0.001, min(left, ATTEMPT_TIMEOUT))
            response = yield replace(call, pause=pause, timeout=timeout)
            if response.is_success:
                return response
            failure = _read_failure(response)
        except httpx.RequestError as error:
            failure = _connection_error(error, left)
            failure.__cause__ = error
        pause = _pause_before(attempt, failure.retry_after or 0.0)
        is_last = attempt >= limits.retries or pause >= limits.left()
        # A job that continues is polled, not asked for again.
        if is_last or not failure.retryable or failure.code == "wait_timeout":
            raise failure
        attempt += 1


def read_json(response: httpx.Response) -> Any:
    """Returns the body of a successful response."""
    try:
        return response.json()
    except ValueError as error:
        raise _unexpected(response, None) from error


def _connection_error(error: httpx.RequestError, left: float) -> FaceVerificationError:
    if isinstance(error, httpx.TimeoutException) and left <= ATTEMPT_TIMEOUT:
        return FaceVerificationError("timed_out", "The service did not answer in time")
    return FaceVerificationError("connection_failed", "The connection to the service failed", retryable=True)


def _pause_before(attempt: int, retry_after: float) -> float:
    """Jitter keeps callers that failed together from coming back together."""
    growing = min(FIRST_PAUSE * 2.0**attempt, LONGEST_PAUSE)
    return max(retry_after, growing / 2) + random.random() * growing / 2


def _read_failure(response: httpx.Response) -> FaceVerificationError:
    retry_after = _read_retry_after(response.headers.get("retry-after"))
    try:
        return error_of(response.json(), status=response.status_code, retry_after=retry_after)
    except (ValueError, TypeError, KeyError):
        return _unexpected(response, retry_after)


def _unexpected(response: httpx.Response, retry_after: float | None) -> FaceVerificationError:
    status = response.status_code
    return FaceVerificationError(
        "unexpected_answer",
        f"An answer that is not of the service, with status {status}",
        status=status,
        retryable=status in PASSING_STATUSES,
        retry_after=retry_after,
    )


def _read_retry_after(header: str | None) -> float | None:
    if header is None:
        return None
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
