# Made by `npm run docs` from docs/openapi.json. Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from .photos import PhotoSource

if TYPE_CHECKING:
    from typing_extensions import NotRequired


class BatchCounts(TypedDict):
    """Jobs by state. They add up to `total`."""

    queued: int
    active: int
    completed: int
    failed: int
    cancelled: int
    removed: int
    """No longer kept: the person was erased, or the jobs are older than the kept results."""


class BatchCallback(TypedDict):
    status: Literal["pending", "delivering", "delivered", "failed"]
    attempts: int
    last_error: NotRequired[str]


class Batch(TypedDict):
    batch_id: str
    status: Literal["running", "completed"]
    """`completed` once every job has ended, whether it was decided, failed or was cancelled."""
    total: int
    counts: BatchCounts
    created_at: str
    finished_at: NotRequired[str]
    results_url: str
    callback: NotRequired[BatchCallback]


class BatchAccepted(TypedDict):
    batch_id: str
    total: int
    status_url: str


class CompareRequest(TypedDict):
    user_id: str | int
    """The caller’s own id of the person. The response repeats it unchanged."""
    front_image1: PhotoSource
    """First probe photo: an http or https URL of at most 8192 characters, or a data: URL with base64."""
    front_image2: PhotoSource
    """Second probe photo: an http or https URL of at most 8192 characters, or a data: URL with base64."""
    front_image3: PhotoSource
    """Third probe photo: an http or https URL of at most 8192 characters, or a data: URL with base64."""
    back_image: PhotoSource
    """Reference photo: an http or https URL of at most 8192 characters, or a data: URL with base64."""
    threshold: NotRequired[float]
    """Cosine similarity at or above which a probe matches. At least MIN_THRESHOLD of the service (0.2 by default). Cannot be combined with fmr."""
    fmr: NotRequired[float]
    """Highest false match rate of a single comparison. The calibration of the model pack gives the threshold."""
    min_matches: NotRequired[Literal[2, 3]]
    """How many probes must match."""
    review_margin: NotRequired[float]
    """Adds `borderline: true` to the result if the similarity that decides, the `min_matches`-th highest of the fronts, lies within this distance of the threshold. `matched` stays the same."""
    evidence: NotRequired[bool]
    """Adds similarities, faces and timings to the response."""
    warnings: NotRequired[bool]
    """Adds a list of warnings about the photos to the response."""
    receipt: NotRequired[bool]
    """Adds a signed receipt to the response: a compact JWS about the decision, the model and the SHA-256 of each photo. `/.well-known/jwks.json` has the keys that verify it."""
    callback_url: NotRequired[str]
    """Where the result is posted; http or https."""


class BatchLine(CompareRequest):
    """The body of POST /jobs, and a name of your own."""

    ref: NotRequired[str]
    """Your own name for this line. The job and its webhook repeat it."""


BatchRequest: TypeAlias = list[BatchLine]


class BatchWebhook(TypedDict):
    type: Literal["batch.completed"]
    timestamp: str
    tenant: str
    """Name of the API key that made the request; `anonymous` if no keys are configured."""
    data: Batch


class CompareForm(TypedDict):
    """The fields of CompareRequest as parts, each at most once. Numbers and booleans are the text that JSON has for them. What CompareRequest requires is required here too, as a part or in `request`."""

    user_id: NotRequired[str | int]
    """The caller’s own id of the person. The response repeats it unchanged."""
    front_image1: NotRequired[PhotoSource]
    """First probe photo: a file, or the text of a URL."""
    front_image2: NotRequired[PhotoSource]
    """Second probe photo, likewise."""
    front_image3: NotRequired[PhotoSource]
    """Third probe photo, likewise."""
    back_image: NotRequired[PhotoSource]
    """Reference photo, likewise."""
    threshold: NotRequired[float]
    """Cosine similarity at or above which a probe matches. At least MIN_THRESHOLD of the service (0.2 by default). Cannot be combined with fmr."""
    fmr: NotRequired[float]
    """Highest false match rate of a single comparison. The calibration of the model pack gives the threshold."""
    min_matches: NotRequired[Literal[2, 3]]
    """How many probes must match."""
    review_margin: NotRequired[float]
    """Adds `borderline: true` to the result if the similarity that decides, the `min_matches`-th highest of the fronts, lies within this distance of the threshold. `matched` stays the same."""
    evidence: NotRequired[bool]
    """Adds similarities, faces and timings to the response."""
    warnings: NotRequired[bool]
    """Adds a list of warnings about the photos to the response."""
    receipt: NotRequired[bool]
    """Adds a signed receipt to the response: a compact JWS about the decision, the model and the SHA-256 of each photo. `/.well-known/jwks.json` has the keys that verify it."""
    callback_url: NotRequired[str]
    """Where the result is posted; http or https."""
    request: NotRequired[dict[str, Any]]
    """The fields that are not parts of their own, as JSON."""


class Warning(TypedDict):
    """Something to know about a photo that was judged, or about the request."""

    image: NotRequired[Literal["front_image1", "front_image2", "front_image3", "back_image"]]
    """The photo that the warning is about."""
    field: NotRequired[str]
    """The ignored field, for `unknown_field`."""
    code: str
    """small_face, blurred, dark and the like: barely good enough; rotated_90, rotated_180, rotated_270; several_faces; identical_to_… and near_identical_to_… another image; unknown_field. More may come."""


class EvidenceModel(TypedDict):
    pack: str
    detector: str
    recogniser: str


ErrorCode: TypeAlias = Literal[
    "unauthenticated",
    "forbidden",
    "rate_limited",
    "invalid_json",
    "unsupported_media_type",
    "body_too_large",
    "invalid_request",
    "unknown_field",
    "calibration_unavailable",
    "receipts_disabled",
    "image_url_forbidden",
    "uploads_disabled",
    "invalid_batch",
    "idempotency_conflict",
    "not_found",
    "method_not_allowed",
    "overloaded",
    "queue_unavailable",
    "no_worker",
    "wait_timeout",
    "job_not_found",
    "job_not_cancellable",
    "batch_not_found",
    "webhook_not_found",
    "webhook_not_failed",
    "image_not_available",
    "image_fetch_failed",
    "upload_expired",
    "image_too_large",
    "image_unsupported",
    "image_undecodable",
    "face_not_found",
    "multiple_faces",
    "face_too_small",
    "low_quality",
    "duplicate_image",
    "job_cancelled",
    "deadline_exceeded",
    "unsupported_job_version",
    "model_failure",
    "internal",
]

# Why the code applies: one of the list, or http_ and a status.
Reason: TypeAlias = Literal[
    "blurred",
    "too_dark",
    "overexposed",
    "too_small",
    "covered",
    "distorted",
    "both_unclear",
    "one_unclear",
    "not_a_face",
    "turned",
    "dns",
    "refused",
    "unreachable",
    "interrupted",
    "timeout",
    "too_slow",
    "tls",
    "protocol",
    "redirects",
] | str


class FaceEvidenceBox(TypedDict):
    """Pixels of the upright photo, origin top-left."""

    x: float
    y: float
    width: float
    height: float


class FaceEvidenceQuality(TypedDict):
    score: float
    sharpness: float
    brightness: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


class FaceEvidence(TypedDict):
    box: FaceEvidenceBox
    """Pixels of the upright photo, origin top-left."""
    landmarks: list[list[float]]
    """Left eye, right eye, nose, left and right mouth corner, as they appear in the photo."""
    detection_score: float
    width_px: float
    quality: FaceEvidenceQuality


class ImageEvidence(TypedDict):
    status: Literal["matched", "not_matched", "usable", "unusable"]
    similarity: NotRequired[float]
    """Rounded to four decimals after the decision: whether it matched is in `status` alone."""
    code: NotRequired[ErrorCode]
    reason: NotRequired[Reason]
    detail: NotRequired[str]
    face: NotRequired[FaceEvidence]
    faces_found: NotRequired[int]
    warnings: list[str]


class EvidenceImages(TypedDict):
    front_image1: ImageEvidence
    front_image2: ImageEvidence
    front_image3: ImageEvidence
    back_image: ImageEvidence


class Evidence(TypedDict):
    threshold: float
    fmr: NotRequired[float]
    """False match rate of one comparison at `threshold`. Absent where the calibration does not cover the threshold or one of the compared photos: one that has a warning other than `several_faces` and `repaired_file`."""
    min_matches: Literal[2, 3]
    matches: int
    model: EvidenceModel
    images: EvidenceImages
    warnings: list[str]
    timings_ms: dict[str, float]


class CompareResult(TypedDict):
    user_id: str | int
    """The caller’s own id of the person. The response repeats it unchanged."""
    matched: bool
    borderline: NotRequired[Literal[True]]
    """Only if the request has `review_margin` and the decision is that close: let a person look at the photos."""
    warnings: NotRequired[list[Warning]]
    """Only if the request has `\"warnings\": true`. Empty if there is nothing to report."""
    evidence: NotRequired[Evidence]
    receipt: NotRequired[str]
    """Only if the request has `\"receipt\": true`. A compact JWS, signed with a key of `/.well-known/jwks.json`."""


class ErasedJobs(TypedDict):
    erased: int
    """Jobs of which nothing is left."""
    running: int
    """Jobs that were asked to stop; repeat the call to erase these too."""


class FailedWebhook(TypedDict):
    id: str
    """The webhook-id of every attempt."""
    job_id: str
    """The job that it reports; for `batch.completed`, the batch."""
    host: str
    attempts: int
    last_error: str
    failed_at: str


class FailedWebhooks(TypedDict):
    items: list[FailedWebhook]
    next_cursor: NotRequired[str]
    """Absent on the last page."""


class Health(TypedDict):
    status: Literal["ok"]
    warnings: list[str]
    """Settings with a wrong value, the value, and the default that is used instead."""


class JobAccepted(TypedDict):
    job_id: str
    status: Literal["queued", "active", "completed", "failed", "cancelled"]
    status_url: str
    warnings: NotRequired[list[Warning]]
    """Fields of the request that are ignored. Absent without any."""


class ProblemErrorsItem(TypedDict):
    line: NotRequired[int]
    """Line of the NDJSON, or element of the array, from 1."""
    field: NotRequired[str]
    image: NotRequired[Literal["front_image1", "front_image2", "front_image3", "back_image"]]
    code: ErrorCode
    reason: NotRequired[Reason]
    detail: str


class Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    reason: NotRequired[Reason]
    retryable: bool
    who_acts: Literal["client", "upstream", "service"]
    """Who has to act: the client, the host of an image (upstream), or the operator of this service."""
    request_id: NotRequired[str]
    image: NotRequired[Literal["front_image1", "front_image2", "front_image3", "back_image"]]
    errors: NotRequired[list[ProblemErrorsItem]]
    job_id: NotRequired[str]
    evidence: NotRequired[Evidence]
    """What is known about the photos of a comparison that could not be decided, if the request asked for evidence."""
    receipt: NotRequired[str]
    """Only if the request has `\"receipt\": true`. A compact JWS, signed with a key of `/.well-known/jwks.json`."""


class JobViewCallback(TypedDict):
    status: Literal["pending", "delivering", "delivered", "failed"]
    attempts: int
    last_error: NotRequired[str]


class JobView(TypedDict):
    job_id: str
    batch_id: NotRequired[str]
    """The batch that the job belongs to, if any."""
    ref: NotRequired[str]
    """The `ref` of its line in the batch."""
    user_id: str | int
    """The caller’s own id of the person. The response repeats it unchanged."""
    status: Literal["queued", "active", "completed", "failed", "cancelled"]
    created_at: str
    started_at: NotRequired[str]
    finished_at: NotRequired[str]
    attempts: int
    result: NotRequired[CompareResult]
    warnings: NotRequired[list[Warning]]
    """Fields of the request that were ignored, and warnings about the photos of a decided comparison. Absent without any warning."""
    error: NotRequired[Problem]
    callback: NotRequired[JobViewCallback]


class ModelsThreshold(TypedDict):
    """The threshold of requests that name none, and its error rates with the pack in use. A rate is null if the calibration does not cover the threshold."""

    value: float
    fmr: float | None
    """Upper bound of the false match rate of one comparison."""
    fnmr: float | None
    """Upper bound of the false non-match rate of one comparison."""
    meaning: str
    """The same in sentences, with the data behind it and the threshold for an FMR of 1e-4."""


class ModelsModelsItemLicence(TypedDict):
    name: str
    commercial_use: bool
    url: str


class ModelsModelsItemCalibration1PointsItem(TypedDict):
    fmr: float
    threshold: float
    fnmr: NotRequired[float]


class ModelsModelsItemCalibration1(TypedDict):
    dataset: str
    non_mated_pairs: int | None
    mated_pairs: int | None
    date: str
    source: str
    detector: NotRequired[str]
    recommended_threshold: NotRequired[float]
    points: list[ModelsModelsItemCalibration1PointsItem]


class ModelsModelsItem(TypedDict):
    name: str
    in_use: bool
    description: str
    licence: ModelsModelsItemLicence
    calibration: ModelsModelsItemCalibration1 | None
    """Error rates of each threshold, and the data on which they were measured. `detector` aligned the faces; absent: the own one of the pack. `recommended_threshold` changes no decision."""


class Models(TypedDict):
    in_use: str
    """The model pack in use."""
    threshold: ModelsThreshold
    """The threshold of requests that name none, and its error rates with the pack in use. A rate is null if the calibration does not cover the threshold."""
    models: list[ModelsModelsItem]


class Readiness(TypedDict):
    status: Literal["ready", "not_ready"]
    redis: bool
    """True if Redis answers."""
    workers: int
    """Number of live workers with this model pack."""
    model: str
    """The model pack in use."""


class ReceiptImage(TypedDict):
    status: Literal["matched", "not_matched", "usable", "unusable"]
    similarity: NotRequired[float]
    """Rounded to four decimals after the decision: whether it matched is in `status` alone."""
    code: NotRequired[ErrorCode]
    reason: NotRequired[Reason]
    sha256: NotRequired[str]


class ReceiptImages(TypedDict):
    front_image1: ReceiptImage
    front_image2: ReceiptImage
    front_image3: ReceiptImage
    back_image: ReceiptImage


class ReceiptModel(TypedDict):
    pack: str
    detector: str
    recogniser: str


class ReceiptCalibration(TypedDict):
    dataset: str
    date: str
    non_mated_pairs: int | None


class ReceiptService(TypedDict):
    name: str
    version: str


class Receipt(TypedDict):
    v: Literal[1]
    job_id: str
    request_id: str
    tenant: str
    user_id: NotRequired[str | int]
    """The caller’s own id of the person. The response repeats it unchanged."""
    user_id_sha256: NotRequired[str]
    decision: Literal["matched", "not_matched", "undecided"]
    code: NotRequired[ErrorCode]
    reason: NotRequired[Reason]
    threshold: float
    fmr: NotRequired[float]
    min_matches: Literal[2] | Literal[3]
    review_margin: NotRequired[float]
    borderline: NotRequired[Literal[True]]
    images: ReceiptImages
    model: ReceiptModel
    calibration: NotRequired[ReceiptCalibration]
    service: ReceiptService
    decided_at: str


class ReceiptKeysKeysItem(TypedDict):
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    """SHA-256 thumbprint of the key (RFC 7638)."""
    alg: Literal["EdDSA"]
    use: Literal["sig"]


class ReceiptKeys(TypedDict):
    keys: list[ReceiptKeysKeysItem]


class Webhook(TypedDict):
    type: Literal["comparison.completed", "comparison.failed"]
    timestamp: str
    tenant: str
    """Name of the API key that made the request; `anonymous` if no keys are configured."""
    data: JobView


class WebhookRetry(TypedDict):
    id: str
    job_id: str
    status: Literal["pending"]
