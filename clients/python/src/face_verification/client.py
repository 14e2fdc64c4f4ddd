"""The clients: one that blocks, one for asyncio. Both run the flows of operations.py."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import httpx

from . import operations
from .flow import Call, Flow, Limits
from .types import Batch, BatchAccepted, BatchLine, CompareRequest, CompareResult, JobAccepted, JobView, ReceiptKeys

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

T = TypeVar("T")

DEFAULT_TIMEOUT = 120.0
DEFAULT_RETRIES = 2


class _Settings:
    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
    ) -> None:
        """`api_key`: one of the service's API_KEYS. `timeout`: of each call with all its repetitions, seconds.

        `retries`: repetitions after a passing failure.
        """
        self._base_url = base_url.rstrip("/")
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout = timeout
        self._retries = retries

    def _limits(self, timeout: float | None) -> Limits:
        return Limits(time.monotonic() + (self._timeout if timeout is None else timeout), self._retries)

    def _request(self, http: httpx.Client | httpx.AsyncClient, call: Call) -> httpx.Request:
        return http.build_request(
            call.method,
            self._base_url + call.path,
            headers={**self._headers, **call.headers},
            content=call.content,
            files=call.files,
            timeout=call.timeout,
        )


class Client(_Settings):
    """A client of the service at `base_url`. Close it, or use it in a `with` statement.

    Every method raises FaceVerificationError. `timeout` replaces the client's, in seconds. `idempotency_key` is new for
    each call if it is missing, so that the repetitions of a call ask once.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
    ) -> None:
        super().__init__(base_url, api_key=api_key, timeout=timeout, retries=retries)
        self._http = httpx.Client()

    def compare(
        self,
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        **request: Unpack[CompareRequest],
    ) -> CompareResult:
        """Compares and waits for the answer.

        A comparison that cannot be decided is an error, never `matched: False`.
        """
        return self._run(operations.compare(request, idempotency_key, self._limits(timeout)))

    def submit(
        self,
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        **request: Unpack[CompareRequest],
    ) -> JobAccepted:
        """Submits a job and returns at once."""
        return self._run(operations.submit(request, idempotency_key, self._limits(timeout)))

    def job(self, job_id: str, *, timeout: float | None = None) -> JobView:
        """Returns a job as it is now."""
        return self._run(operations.job(job_id, self._limits(timeout)))

    def wait(self, job_id: str, *, timeout: float | None = None) -> JobView:
        """Returns a job when it has ended: completed, failed or cancelled."""
        return self._run(operations.wait(job_id, self._limits(timeout)))

    def cancel(self, job_id: str, *, timeout: float | None = None) -> None:
        """Cancels a job that has not started. The error of any other is `job_not_cancellable`."""
        return self._run(operations.cancel(job_id, self._limits(timeout)))

    def batch(
        self,
        lines: Iterable[BatchLine],
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        callback_url: str | None = None,
    ) -> list[JobView]:
        """Submits up to 1,000 comparisons, waits until all have ended and returns the jobs in the same order.

        A comparison that could not be decided is a job with an `error`. Photos that are not URLs travel as data URLs,
        of at most 2 MiB by default. `callback_url`: where the end of the batch is posted. Set `timeout`; an error of
        time has the `batch_id`.
        """
        return self._run(operations.batch(lines, idempotency_key, callback_url, self._limits(timeout)))

    def submit_batch(
        self,
        lines: Iterable[BatchLine],
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        callback_url: str | None = None,
    ) -> BatchAccepted:
        """Submits a batch and returns at once. All lines are queued, or none."""
        return self._run(operations.submit_batch(lines, idempotency_key, callback_url, self._limits(timeout)))

    def wait_for_batch(self, batch_id: str, *, timeout: float | None = None) -> Batch:
        """Returns a batch when all its jobs have ended."""
        return self._run(operations.wait_for_batch(batch_id, self._limits(timeout)))

    def batch_results(self, batch_id: str, *, timeout: float | None = None) -> list[JobView]:
        """Returns the jobs of a batch as they are now."""
        return self._run(operations.batch_results(batch_id, self._limits(timeout)))

    def cancel_batch(self, batch_id: str, *, timeout: float | None = None) -> Batch:
        """Cancels the jobs of a batch that have not started."""
        return self._run(operations.cancel_batch(batch_id, self._limits(timeout)))

    def receipt_keys(self, *, timeout: float | None = None) -> ReceiptKeys:
        """Returns the public keys of the service's receipts.

        Keep them beside receipts that must outlast the service.
        """
        return self._run(operations.receipt_keys(self._limits(timeout)))

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        try:
            call = next(flow)
            while True:
                time.sleep(call.pause)
                try:
                    response = self._http.send(self._request(self._http, call))
                except httpx.RequestError as error:
                    call = flow.throw(error)
                else:
                    call = flow.send(response)
        except StopIteration as end:
            result: T = end.value
            return result


class AsyncClient(_Settings):
    """Client for asyncio, with the same methods. Cancel the task to end a call."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
    ) -> None:
        super().__init__(base_url, api_key=api_key, timeout=timeout, retries=retries)
        self._http = httpx.AsyncClient()

    async def compare(
        self,
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        **request: Unpack[CompareRequest],
    ) -> CompareResult:
        """See Client.compare."""
        return await self._run(operations.compare(request, idempotency_key, self._limits(timeout)))

    async def submit(
        self,
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        **request: Unpack[CompareRequest],
    ) -> JobAccepted:
        """See Client.submit."""
        return await self._run(operations.submit(request, idempotency_key, self._limits(timeout)))

    async def job(self, job_id: str, *, timeout: float | None = None) -> JobView:
        """See Client.job."""
        return await self._run(operations.job(job_id, self._limits(timeout)))

    async def wait(self, job_id: str, *, timeout: float | None = None) -> JobView:
        """See Client.wait."""
        return await self._run(operations.wait(job_id, self._limits(timeout)))

    async def cancel(self, job_id: str, *, timeout: float | None = None) -> None:
        """See Client.cancel."""
        return await self._run(operations.cancel(job_id, self._limits(timeout)))

    async def batch(
        self,
        lines: Iterable[BatchLine],
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        callback_url: str | None = None,
    ) -> list[JobView]:
        """See Client.batch."""
        return await self._run(operations.batch(lines, idempotency_key, callback_url, self._limits(timeout)))

    async def submit_batch(
        self,
        lines: Iterable[BatchLine],
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        callback_url: str | None = None,
    ) -> BatchAccepted:
        """See Client.submit_batch."""
        return await self._run(operations.submit_batch(lines, idempotency_key, callback_url, self._limits(timeout)))

    async def wait_for_batch(self, batch_id: str, *, timeout: float | None = None) -> Batch:
        """See Client.wait_for_batch."""
        return await self._run(operations.wait_for_batch(batch_id, self._limits(timeout)))

    async def batch_results(self, batch_id: str, *, timeout: float | None = None) -> list[JobView]:
        """See Client.batch_results."""
        return await self._run(operations.batch_results(batch_id, self._limits(timeout)))

    async def cancel_batch(self, batch_id: str, *, timeout: float | None = None) -> Batch:
        """See Client.cancel_batch."""
        return await self._run(operations.cancel_batch(batch_id, self._limits(timeout)))

    async def receipt_keys(self, *, timeout: float | None = None) -> ReceiptKeys:
        """See Client.receipt_keys."""
        return await self._run(operations.receipt_keys(self._limits(timeout)))

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, flow: Flow[T]) -> T:
        try:
            call = next(flow)
            while True:
                await asyncio.sleep(call.pause)
                try:
                    response = await self._http.send(self._request(self._http, call))
                except httpx.RequestError as error:
                    call = flow.throw(error)
                else:
                    call = flow.send(response)
        except StopIteration as end:
            result: T = end.value
            return result
