"""Lets schemathesis send photos that exist, since most random URLs are refused, and lines of a batch."""

import os

import schemathesis
from hypothesis import strategies

schemathesis.openapi.format("uri", strategies.sampled_from(os.environ["CONTRACT_PHOTO_URLS"].split()))


@schemathesis.serializer("application/x-ndjson")
def serialize_lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
