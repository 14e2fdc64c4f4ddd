"""A yardstick: the former Python service, written from its contract (docs/migration.md).

service.py PORT MODELS_FOLDER PACK, where MODELS_FOLDER/models/PACK/*.onnx is a pack in InsightFace's layout.
"""

import asyncio
import logging
import os
import sys
from typing import Union

import cv2
import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from insightface.app import FaceAnalysis
from pydantic import BaseModel

PORT, ROOT, PACK = int(sys.argv[1]), sys.argv[2], sys.argv[3]
DETECTION_SIZE = int(os.environ.get("DETECTION_SIZE", "640"))
THRESHOLD = float(os.environ.get("FACE_MATCH_THRESHOLD", "0.5"))
MIN_MATCHES = int(os.environ.get("FACE_MATCH_MIN_MATCHES", "2"))
TIMEOUT_S = float(os.environ.get("IMAGE_DOWNLOAD_TIMEOUT", "15"))
MAX_IMAGE_BYTES = int(os.environ.get("MAX_IMAGE_BYTES", "10485760"))

app = FastAPI()
client = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=True)
faces = FaceAnalysis(
    name=PACK,
    root=ROOT,
    allowed_modules=["detection", "recognition"],
    providers=["CPUExecutionProvider"],
)
faces.prepare(ctx_id=-1, det_size=(DETECTION_SIZE, DETECTION_SIZE))


class CompareRequest(BaseModel):
    user_id: Union[int, str]
    front_image1: str
    front_image2: str
    front_image3: str
    back_image: str
    threshold: float = THRESHOLD
    min_matches: int = MIN_MATCHES


def embed(data: bytes):
    """Returns the embedding of the largest face, of length 1; None without a face."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if not isinstance(image, np.ndarray):
        return None
    found = faces.get(image)
    if not found:
        return None
    largest = max(found, key=lambda face: (face.bbox[2] - face.bbox[0]) * (face.bbox[3] - face.bbox[1]))
    return largest.normed_embedding


async def analyse(url: str):
    try:
        response = await client.get(url)
        response.raise_for_status()
    except httpx.HTTPError:
        return None
    if len(response.content) > MAX_IMAGE_BYTES:
        return None
    return await asyncio.to_thread(embed, response.content)


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/compare-faces")
async def compare_faces(request: CompareRequest):
    urls = [request.back_image, request.front_image1, request.front_image2, request.front_image3]
    reference, *probes = await asyncio.gather(*(analyse(url) for url in urls))
    matches = sum(
        reference is not None and probe is not None and float(np.dot(reference, probe)) >= request.threshold
        for probe in probes
    )
    return {"user_id": request.user_id, "matched": matches >= request.min_matches}


uvicorn.run(app, host="127.0.0.1", port=PORT, log_level=logging.WARNING)
