"""Verifies a receipt with two Python libraries, and refuses it after a change at any position."""

import json
import os
import urllib.request

import jwt
from joserfc import jws
from joserfc.jwk import KeySet

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
RECEIPT = os.environ["RECEIPT"]
with urllib.request.urlopen(os.environ["JWKS_URL"]) as response:
    PUBLISHED = json.load(response)
JOSERFC_KEYS = KeySet.import_key_set(PUBLISHED)
PYJWT_KEYS = {key["kid"]: jwt.PyJWK(key) for key in PUBLISHED["keys"]}


def open_with_joserfc(receipt: str) -> dict:
    return json.loads(jws.deserialize_compact(receipt, JOSERFC_KEYS, algorithms=["EdDSA"]).payload)


def open_with_pyjwt(receipt: str) -> dict:
    key = PYJWT_KEYS[jwt.get_unverified_header(receipt)["kid"]]
    return jwt.decode(receipt, key, algorithms=["EdDSA"])


def change(at: int) -> str:
    """Changes the highest of the six bits: the lowest of the last character do not belong to the signature."""
    letter = RECEIPT[at]
    other = "A" if letter == "." else ALPHABET[ALPHABET.index(letter) ^ 32]
    return RECEIPT[:at] + other + RECEIPT[at + 1 :]


def is_accepted(open_receipt, receipt: str) -> bool:
    try:
        open_receipt(receipt)
    except Exception:  # The two libraries, json and base64 have errors of their own.
        return False
    return True


assert open_with_joserfc(RECEIPT) == open_with_pyjwt(RECEIPT)
assert open_with_joserfc(RECEIPT)["decision"] == "matched"
for open_receipt in (open_with_joserfc, open_with_pyjwt):
    accepted = [at for at in range(len(RECEIPT)) if is_accepted(open_receipt, change(at))]
    assert accepted == [], (open_receipt.__name__, accepted)
