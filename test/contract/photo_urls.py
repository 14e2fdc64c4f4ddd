"""Lets schemathesis send photos that exist. Most random URLs are refused, so that nothing would be compared."""

import os

import schemathesis
from hypothesis import strategies

schemathesis.openapi.format("uri", strategies.sampled_from(os.environ["CONTRACT_PHOTO_URLS"].split()))
