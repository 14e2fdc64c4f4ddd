"""Receiving webhooks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, cast

from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from .types import BatchWebhook, Webhook


class Headers(Protocol):
    """Headers as any framework has them."""

    def items(self) -> Iterable[tuple[str, str]]: ...


def verify_webhook(body: bytes | str, headers: Headers, *, secret: str, tenant: str) -> Webhook | BatchWebhook:
    """Returns the parsed body of a genuine webhook. `type` says of what.

    Then check that you submitted its job for its user, or its batch.

    `body`: the bytes as they came; parsing and printing them again breaks the signature. `secret`: `whsec_...` of your
    API key; `npm run webhook-secret -- NAME` of the service prints it. `tenant`: the name of your API key; `anonymous`
    without keys. Raises ValueError if the signature is wrong, the timestamp more than five minutes off, or the webhook
    another tenant's.
    """
    verifier = Verifier(secret)
    try:
        webhook = cast("Webhook | BatchWebhook", verifier.verify(body, dict(headers.items())))
    except WebhookVerificationError as error:
        raise ValueError(str(error)) from error
    if webhook["tenant"] != tenant:
        raise ValueError(f"The webhook is for the tenant {webhook['tenant']}")
    return webhook
