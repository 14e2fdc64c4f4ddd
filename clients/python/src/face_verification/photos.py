"""Photos of a request, in every form that a caller may have them."""

from __future__ import annotations

import base64
import os
from typing import BinaryIO, TypeAlias

PhotoSource: TypeAlias = "str | bytes | os.PathLike[str] | BinaryIO"
"""An http, https or data URL; the bytes of a photo; a path; or a file that is open for reading bytes.

A str is always a URL, so that no text of a stranger can name a file of yours: use pathlib.Path for a file.
"""

IMAGES = ("front_image1", "front_image2", "front_image3", "back_image")


def read_photo(source: PhotoSource) -> str | bytes:
    """Returns the URL of a photo, or its bytes. Raises TypeError, or OSError if a file cannot be read."""
    if isinstance(source, (str, bytes)):
        return source
    if isinstance(source, os.PathLike):
        with open(source, "rb") as file:
            return file.read()
    photo = source.read()
    if not isinstance(photo, bytes):
        raise TypeError("A photo must be a URL, bytes, a path or a file that is open for reading bytes")
    return photo


def to_data_url(photo: bytes) -> str:
    """Returns the photo as a data URL, which JSON can carry."""
    return "data:application/octet-stream;base64," + base64.b64encode(photo).decode()
