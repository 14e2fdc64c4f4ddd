"""Verifying receipts."""

from __future__ import annotations

import re
from typing import Any, cast

import jwt

from .types import Receipt, ReceiptKeys

TYPE = "face-receipt+jwt"
SIGNATURE = re.compile(r"\.[\w-]{85}[AQgw]\Z", re.ASCII)
"""A signature in the only base64url that its 64 bytes have: the last character carries two bits."""


def verify_receipt(receipt: str, keys: ReceiptKeys) -> Receipt:
    """Returns the content of a receipt that is signed with one of `keys`, which Client.receipt_keys returns.

    Then check that its job, tenant, user and photos are those that you expect. Raises ValueError if the receipt was
    changed, is signed with another key, or is another kind of token.
    """
    if not SIGNATURE.search(receipt):
        raise ValueError("not a receipt")
    try:
        kid = jwt.get_unverified_header(receipt)["kid"]
        key = jwt.PyJWKSet.from_dict(cast(dict[str, Any], keys))[kid]
        opened = jwt.decode_complete(receipt, key, algorithms=["EdDSA"])
    except (jwt.PyJWTError, KeyError) as error:
        raise ValueError(f"not a receipt of these keys: {error}") from error
    if opened["header"].get("typ") != TYPE:
        raise ValueError("not a receipt")
    return cast(Receipt, opened["payload"])
