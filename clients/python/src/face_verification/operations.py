"""The operations of the service, as flows."""

from __future__ import annotations

import json
import math
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote

from .errors import FaceVerificationError, error_of
from .flow import Call, Flow, Limits, read_json, send
from .photos import IMAGES, read_photo, to_data_url
from .types import Batch, BatchAccepted, BatchLine, CompareRequest, CompareResult, JobAccepted, JobView, ReceiptKeys

LONG_POLL = 25
"""Seconds. The service waits 60 at most, proxies often less."""
SHORTEST_POLL = 1.0
"""Seconds between two polls, in case something on the way answers them at once."""


def compare(request: CompareRequest, key: str | None, limits: Limits) -> Flow[CompareResult]:
    try:
        response = yield from send(_ask("/compare-faces", request, key), limits)
    except FaceVerificationError as error:
        if error.code != "wait_timeout" or not error.job_id:
            raise
        # The job continues, and polling it sends no photo again.
        job = yield from wait(error.job_id, limits)
        return _result_of(job)
    return cast(CompareResult, read_json(response))


def submit(request: CompareRequest, key: str | None, limits: Limits) -> Flow[JobAccepted]:
    response = yield from send(_ask("/jobs", request, key), limits)
    return cast(JobAccepted, read_json(response))


def job(job_id: str, limits: Limits) -> Flow[JobView]:
    response = yield from send(Call("GET", _job_path(job_id), {}), limits)
    return cast(JobView, read_json(response))


def cancel(job_id: str, limits: Limits) -> Flow[None]:
    yield from send(Call("DELETE", _job_path(job_id), {}), limits)


def wait(job_id: str, limits: Limits) -> Flow[JobView]:
    view = yield from _poll(_job_path(job_id), _has_job_ended, limits, job_id=job_id)
    return cast(JobView, view)


def batch(lines: Iterable[BatchLine], key: str | None, callback_url: str | None, limits: Limits) -> Flow[list[JobView]]:
    accepted = yield from submit_batch(lines, key, callback_url, limits)
    yield from wait_for_batch(accepted["batch_id"], limits)
    return (yield from batch_results(accepted["batch_id"], limits))


def submit_batch(
    lines: Iterable[BatchLine], key: str | None, callback_url: str | None, limits: Limits
) -> Flow[BatchAccepted]:
    headers = {"content-type": "application/x-ndjson", "idempotency-key": key or str(uuid.uuid4())}
    if callback_url is not None:
        headers["callback-url"] = callback_url
    content = b"".join(_to_json(_with_data_urls(_read_fields(line))) + b"\n" for line in lines)
    response = yield from send(Call("POST", "/batches", headers, content=content), limits)
    return cast(BatchAccepted, read_json(response))


def wait_for_batch(batch_id: str, limits: Limits) -> Flow[Batch]:
    view = yield from _poll(_batch_path(batch_id), _has_batch_ended, limits, batch_id=batch_id)
    return cast(Batch, view)


def batch_results(batch_id: str, limits: Limits) -> Flow[list[JobView]]:
    response = yield from send(Call("GET", f"{_batch_path(batch_id)}/results", {}), limits)
    return [json.loads(line) for line in response.text.split("\n") if line]


def cancel_batch(batch_id: str, limits: Limits) -> Flow[Batch]:
    response = yield from send(Call("DELETE", _batch_path(batch_id), {}), limits)
    return cast(Batch, read_json(response))


def receipt_keys(limits: Limits) -> Flow[ReceiptKeys]:
    response = yield from send(Call("GET", "/.well-known/jwks.json", {}), limits)
    return cast(ReceiptKeys, read_json(response))


def _has_job_ended(view: Mapping[str, Any]) -> bool:
    return view["status"] not in ("queued", "active")


def _has_batch_ended(view: Mapping[str, Any]) -> bool:
    return bool(view["status"] == "completed")


def _poll(
    path: str,
    has_ended: Callable[[Mapping[str, Any]], bool],
    limits: Limits,
    *,
    job_id: str | None = None,
    batch_id: str | None = None,
) -> Flow[Mapping[str, Any]]:
    late = FaceVerificationError("timed_out", "It has not ended in time", job_id=job_id, batch_id=batch_id)
    pause = 0.0
    while limits.left() > 0:
        started = time.monotonic()
        headers = {"prefer": f"wait={min(math.ceil(limits.left()), LONG_POLL)}"}
        try:
            response = yield from send(Call("GET", path, headers, pause=pause), limits)
        except FaceVerificationError as error:
            raise (late if error.code == "timed_out" else error) from error.__cause__
        view: Mapping[str, Any] = read_json(response)
        if has_ended(view):
            return view
        pause = max(0.0, min(SHORTEST_POLL - (time.monotonic() - started), limits.left()))
    raise late


def _result_of(job: JobView) -> CompareResult:
    if "result" in job:
        return job["result"]
    if "error" in job:
        raise error_of(job["error"], job_id=job["job_id"])
    raise FaceVerificationError("job_cancelled", "job_cancelled: The job was cancelled", job_id=job["job_id"])


def _job_path(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"


def _batch_path(batch_id: str) -> str:
    return f"/batches/{quote(batch_id, safe='')}"


def _ask(path: str, request: CompareRequest, key: str | None) -> Call:
    """Reads all photos, so that the call can be repeated. Those that are not URLs become parts of a form."""
    headers = {"idempotency-key": key or str(uuid.uuid4())}
    fields = _read_fields(request)
    uploads = {name: photo for name, photo in fields.items() if isinstance(photo, bytes)}
    body = _to_json({name: value for name, value in fields.items() if name not in uploads})
    if not uploads:
        return Call("POST", path, {**headers, "content-type": "application/json"}, content=body)
    photos = {name: (name, photo, "application/octet-stream") for name, photo in uploads.items()}
    return Call("POST", path, headers, files={"request": (None, body, "application/json"), **photos})


def _read_fields(request: CompareRequest | BatchLine) -> dict[str, Any]:
    """Returns the request with photos as URLs or bytes, without fields that are None."""
    return {
        name: read_photo(value) if name in IMAGES else value
        for name, value in cast(Mapping[str, Any], request).items()
        if value is not None
    }


def _with_data_urls(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_data_url(value) if isinstance(value, bytes) else value for name, value in fields.items()}


def _to_json(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, allow_nan=False).encode()
