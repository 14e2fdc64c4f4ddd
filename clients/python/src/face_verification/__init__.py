"""Client of the face verification service: do these photos show the same person?"""

from .client import AsyncClient, Client
from .errors import FaceVerificationError
from .photos import PhotoSource
from .receipts import verify_receipt
from .webhooks import verify_webhook

__all__ = ["AsyncClient", "Client", "FaceVerificationError", "PhotoSource", "verify_receipt", "verify_webhook"]
