"""The clients against a server that answers what each test says. Run by `npm run test:clients`."""

from __future__ import annotations

import asyncio
import io
import json
import re
import tempfile
import threading
import unittest
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from standardwebhooks import Webhook

from face_verification import AsyncClient, Client, FaceVerificationError, verify_receipt, verify_webhook
from face_verification.types import CompareRequest, ReceiptKeys

T = TypeVar("T")

URL = "https://photos.example.com/1.jpg"
REQUEST: CompareRequest = {
    "user_id": "42",
    "front_image1": URL,
    "front_image2": URL,
    "front_image3": URL,
    "back_image": URL,
}
MATCHED = {"user_id": "42", "matched": True}
CUT = None
"""Instead of an answer: the connection breaks."""


def problem(code: str, status: int, **facts: Any) -> dict[str, Any]:
    return {
        "code": code,
        "status": status,
        "detail": "It failed.",
        "retryable": status >= 429 and status != 500,
        **facts,
    }


class Server(ThreadingHTTPServer):
    """Sends one of `answers` for each request, and the last again: status, body and headers."""

    answers: list[tuple[int, Any, Mapping[str, str]] | None]
    received: list[tuple[str, str, dict[str, str], bytes]]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = []
        self.received = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((self.command, self.path, headers, body))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.close_connection = True
        if answer is None:
            return
        status, content, extra = answer
        text = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**extra, "content-length": str(len(text)), "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_DELETE = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = Server()
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def answer(self, status: int, body: Any, **headers: str) -> None:
        self.server.answers.append((status, body, {name.replace("_", "-"): text for name, text in headers.items()}))

    def call(self, use: Callable[[Client], T], **options: Any) -> T:
        with Client(self.server.url, **options) as client:
            return use(client)

    def fail_with(self, use: Callable[[Client], Any], **options: Any) -> FaceVerificationError:
        with self.assertRaises(FaceVerificationError) as caught:
            self.call(use, **options)
        return caught.exception

    def test_takes_the_body_of_the_python_service_as_it_was(self) -> None:
        self.answer(200, MATCHED)
        body: Any = {**REQUEST, "threshold": None, "min_matches": 2, "note": "unknown"}

        result = self.call(lambda client: client.compare(**body), api_key="secret")

        self.assertEqual(result, MATCHED)
        _, path, headers, sent = self.server.received[0]
        self.assertEqual((path, headers["authorization"]), ("/compare-faces", "Bearer secret"))
        self.assertEqual(json.loads(sent), {**REQUEST, "min_matches": 2, "note": "unknown"})

    def test_sends_bytes_paths_and_files_as_parts_and_never_reads_a_file_that_a_str_names(self) -> None:
        self.answer(200, MATCHED)
        self.answer(200, MATCHED)
        with tempfile.TemporaryDirectory() as folder, Client(self.server.url) as client:
            path = Path(folder, "front3.jpg")
            path.write_bytes(b"three")
            client.compare(
                user_id=42,
                front_image1=b"one",
                front_image2=io.BytesIO(b"two"),
                front_image3=path,
                back_image=URL,
            )
            client.compare(user_id=42, front_image1=URL, front_image2=URL, front_image3=URL, back_image=str(path))

        _, _, headers, body = self.server.received[0]
        self.assertTrue(headers["content-type"].startswith("multipart/form-data; boundary="))
        parts = dict(re.findall(rb'name="(\w+)".*?\r\n\r\n(.*?)\r\n--', body, re.DOTALL))
        self.assertEqual(json.loads(parts.pop(b"request")), {"user_id": 42, "back_image": URL})
        self.assertEqual(parts, {b"front_image1": b"one", b"front_image2": b"two", b"front_image3": b"three"})
        self.assertEqual(json.loads(self.server.received[1][3])["back_image"], str(path))

    def test_repeats_after_a_broken_connection_and_an_overload_under_one_idempotency_key(self) -> None:
        self.server.answers.append(CUT)
        self.answer(503, problem("overloaded", 503))
        self.answer(200, MATCHED)

        self.call(lambda client: client.compare(**REQUEST))

        keys = [headers["idempotency-key"] for _, _, headers, _ in self.server.received]
        self.assertEqual((len(keys), len(set(keys))), (3, 1))

    def test_gives_up_at_once_if_retry_after_asks_for_more_time_than_the_call_has(self) -> None:
        self.answer(429, problem("rate_limited", 429), retry_after="3600")

        error = self.fail_with(lambda client: client.job("r_1"))

        self.assertEqual((error.code, error.status, error.retry_after), ("rate_limited", 429, 3600))

    def test_reports_a_refusal_by_code_photo_and_field_and_does_not_repeat_it(self) -> None:
        self.answer(422, problem("face_not_found", 422, image="front_image2", reason="covered", retryable=False))

        error = self.fail_with(lambda client: client.compare(**REQUEST))

        self.assertEqual((error.code, error.image, error.reason), ("face_not_found", "front_image2", "covered"))
        self.assertEqual(str(error), "face_not_found: It failed.")
        self.assertEqual(len(self.server.received), 1)

    def test_polls_the_job_of_a_comparison_that_takes_longer_than_the_service_waits(self) -> None:
        self.answer(504, problem("wait_timeout", 504, job_id="r_1"))
        self.answer(200, {"job_id": "r_1", "status": "completed", "result": MATCHED})

        self.assertEqual(self.call(lambda client: client.compare(**REQUEST)), MATCHED)

        _, path, headers, _ = self.server.received[1]
        self.assertEqual((path, headers["prefer"]), ("/jobs/r_1", "wait=25"))

    def test_submits_a_batch_waits_for_it_and_returns_its_jobs(self) -> None:
        jobs = [{"job_id": "b_1-1", "ref": "row-1"}, {"job_id": "b_1-2"}]
        self.answer(202, {"batch_id": "b_1", "total": 2})
        self.answer(200, {"batch_id": "b_1", "status": "completed"})
        self.answer(200, "".join(json.dumps(job) + "\n" for job in jobs))
        lines: Any = [{**REQUEST, "ref": "row-1"}, {**REQUEST, "back_image": b"photo"}]

        result = self.call(lambda client: client.batch(lines, callback_url="https://example.com/done"))

        self.assertEqual(result, jobs)
        (_, path, headers, body), (_, polled, _, _), (_, read, _, _) = self.server.received
        self.assertEqual((path, polled, read), ("/batches", "/batches/b_1", "/batches/b_1/results"))
        self.assertEqual(headers["callback-url"], "https://example.com/done")
        sent = [json.loads(line) for line in body.splitlines()]
        self.assertEqual(sent[0], lines[0])
        self.assertEqual(sent[1]["back_image"], "data:application/octet-stream;base64,cGhvdG8=")

    def test_says_which_job_has_not_ended_in_time(self) -> None:
        self.answer(200, {"job_id": "r_1", "status": "active"})

        error = self.fail_with(lambda client: client.wait("r_1", timeout=0.2))

        self.assertEqual((error.code, error.job_id), ("timed_out", "r_1"))

    def test_takes_no_page_of_a_proxy_for_an_answer(self) -> None:
        self.answer(200, "<html>")
        self.answer(404, "<html>")

        first = self.fail_with(lambda client: client.job("r_1"))
        second = self.fail_with(lambda client: client.cancel("r_1"))

        self.assertEqual((first.code, second.code, second.status), ("unexpected_answer", "unexpected_answer", 404))

    def test_does_the_same_with_asyncio(self) -> None:
        self.server.answers.append(CUT)
        self.answer(200, MATCHED)
        self.answer(200, MATCHED)

        async def use(client: AsyncClient) -> Any:
            return [await client.compare(**REQUEST), await client.compare(**REQUEST | {"back_image": b"bytes"})]

        self.assertEqual(run_async(self.server.url, use), [MATCHED, MATCHED])


class VerifyTest(unittest.TestCase):
    def setUp(self) -> None:
        # A receipt that the service made, and the keys that it published.
        fixture = json.loads(Path(__file__, "../../../../test/fixtures/receipt.json").resolve().read_text())
        self.receipt: str = fixture["receipt"]
        self.keys: ReceiptKeys = fixture["keys"]

    def test_returns_what_the_service_signed(self) -> None:
        content = verify_receipt(self.receipt, self.keys)

        self.assertEqual((content["decision"], content["images"]["front_image3"]["similarity"]), ("matched", 0.3))

    def test_refuses_a_receipt_with_a_changed_character_whichever_it_is(self) -> None:
        for index, character in enumerate(self.receipt):
            changed = self.receipt[:index] + ("B" if character == "A" else "A") + self.receipt[index + 1 :]
            with self.assertRaises(ValueError, msg=str(index)):
                verify_receipt(changed, self.keys)
        # Bits that base64url ignores, and more text.
        for changed in (self.receipt[:-1] + chr(ord(self.receipt[-1]) + 1), self.receipt + "\n", ""):
            with self.assertRaises(ValueError):
                verify_receipt(changed, self.keys)

    def test_refuses_a_changed_webhook_another_secret_and_another_tenant(self) -> None:
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        body = json.dumps({"type": "comparison.completed", "tenant": "shop", "data": {"job_id": "r_1"}})
        now = datetime.now(tz=timezone.utc)
        headers = {
            "Webhook-Id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign("msg_1", now, body),
        }

        self.assertEqual(verify_webhook(body, headers, secret=secret, tenant="shop"), json.loads(body))
        for wrong in ({"body": body + " "}, {"secret": "whsec_AAAA"}, {"tenant": "other"}):
            rules = {"body": body, "secret": secret, "tenant": "shop", **wrong}
            with self.assertRaises(ValueError):
                verify_webhook(headers=headers, **rules)


def run_async(url: str, use: Callable[[AsyncClient], Awaitable[T]]) -> T:
    async def main() -> T:
        async with AsyncClient(url) as client:
            return await use(client)

    return asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
