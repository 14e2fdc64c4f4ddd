// Made by `npm run docs` from docs/openapi.json. Do not edit.
import type { PhotoSource } from './photo-source.js';

/** Jobs by state. They add up to `total`. */
export interface BatchCounts {
  queued: number;
  active: number;
  completed: number;
  failed: number;
  cancelled: number;
  /** No longer kept: the person was erased, or the jobs are older than the kept results. */
  removed: number;
}

export interface BatchCallback {
  status: 'pending' | 'delivering' | 'delivered' | 'failed';
  attempts: number;
  last_error?: string;
}

export interface Batch {
  batch_id: string;
  /** `completed` once every job has ended, whether it was decided, failed or was cancelled. */
  status: 'running' | 'completed';
  total: number;
  counts: BatchCounts;
  created_at: string;
  finished_at?: string;
  results_url: string;
  callback?: BatchCallback;
}

export interface BatchAccepted {
  batch_id: string;
  total: number;
  status_url: string;
}

export interface CompareRequest {
  /** The caller’s own id of the person. The response repeats it unchanged. */
  user_id: string | number;
  /** First probe photo: an http or https URL of at most 8192 characters, or a data: URL with base64. */
  front_image1: PhotoSource;
  /** Second probe photo: an http or https URL of at most 8192 characters, or a data: URL with base64. */
  front_image2: PhotoSource;
  /** Third probe photo: an http or https URL of at most 8192 characters, or a data: URL with base64. */
  front_image3: PhotoSource;
  /** Reference photo: an http or https URL of at most 8192 characters, or a data: URL with base64. */
  back_image: PhotoSource;
  /** Cosine similarity at or above which a probe matches. At least MIN_THRESHOLD of the service (0.2 by default). Cannot be combined with fmr. */
  threshold?: number;
  /** Highest false match rate of a single comparison. The calibration of the model pack gives the threshold. */
  fmr?: number;
  /** How many probes must match. */
  min_matches?: 2 | 3;
  /** Adds `borderline: true` to the result if the similarity that decides, the `min_matches`-th highest of the fronts, lies within this distance of the threshold. `matched` stays the same. */
  review_margin?: number;
  /** Adds similarities, faces and timings to the response. */
  evidence?: boolean;
  /** Adds a list of warnings about the photos to the response. */
  warnings?: boolean;
  /** Adds a signed receipt to the response: a compact JWS about the decision, the model and the SHA-256 of each photo. `/.well-known/jwks.json` has the keys that verify it. */
  receipt?: boolean;
  /** Where the result is posted; http or https. */
  callback_url?: string;
}

/** The body of POST /jobs, and a name of your own. */
export interface BatchLine extends CompareRequest {
  /** Your own name for this line. The job and its webhook repeat it. */
  ref?: string;
}

export type BatchRequest = BatchLine[];

export interface BatchWebhook {
  type: 'batch.completed';
  timestamp: string;
  /** Name of the API key that made the request; `anonymous` if no keys are configured. */
  tenant: string;
  data: Batch;
}

/** The fields of CompareRequest as parts, each at most once. Numbers and booleans are the text that JSON has for them. What CompareRequest requires is required here too, as a part or in `request`. */
export interface CompareForm {
  /** The caller’s own id of the person. The response repeats it unchanged. */
  user_id?: string | number;
  /** First probe photo: a file, or the text of a URL. */
  front_image1?: PhotoSource;
  /** Second probe photo, likewise. */
  front_image2?: PhotoSource;
  /** Third probe photo, likewise. */
  front_image3?: PhotoSource;
  /** Reference photo, likewise. */
  back_image?: PhotoSource;
  /** Cosine similarity at or above which a probe matches. At least MIN_THRESHOLD of the service (0.2 by default). Cannot be combined with fmr. */
  threshold?: number;
  /** Highest false match rate of a single comparison. The calibration of the model pack gives the threshold. */
  fmr?: number;
  /** How many probes must match. */
  min_matches?: 2 | 3;
  /** Adds `borderline: true` to the result if the similarity that decides, the `min_matches`-th highest of the fronts, lies within this distance of the threshold. `matched` stays the same. */
  review_margin?: number;
  /** Adds similarities, faces and timings to the response. */
  evidence?: boolean;
  /** Adds a list of warnings about the photos to the response. */
  warnings?: boolean;
  /** Adds a signed receipt to the response: a compact JWS about the decision, the model and the SHA-256 of each photo. `/.well-known/jwks.json` has the keys that verify it. */
  receipt?: boolean;
  /** Where the result is posted; http or https. */
  callback_url?: string;
  /** The fields that are not parts of their own, as JSON. */
  request?: Record<string, unknown>;
}

/** Something to know about a photo that was judged, or about the request. */
export interface Warning {
  /** The photo that the warning is about. */
  image?: 'front_image1' | 'front_image2' | 'front_image3' | 'back_image';
  /** The ignored field, for `unknown_field`. */
  field?: string;
  /** small_face, blurred, dark and the like: barely good enough; rotated_90, rotated_180, rotated_270; several_faces; identical_to_… and near_identical_to_… another image; unknown_field. More may come. */
  code: string;
}

export interface EvidenceModel {
  pack: string;
  detector: string;
  recogniser: string;
}

export type ErrorCode =
  | 'unauthenticated'
  | 'forbidden'
  | 'rate_limited'
  | 'invalid_json'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'invalid_request'
  | 'unknown_field'
  | 'calibration_unavailable'
  | 'receipts_disabled'
  | 'image_url_forbidden'
  | 'uploads_disabled'
  | 'invalid_batch'
  | 'idempotency_conflict'
  | 'not_found'
  | 'method_not_allowed'
  | 'overloaded'
  | 'queue_unavailable'
  | 'no_worker'
  | 'wait_timeout'
  | 'job_not_found'
  | 'job_not_cancellable'
  | 'batch_not_found'
  | 'webhook_not_found'
  | 'webhook_not_failed'
  | 'image_not_available'
  | 'image_fetch_failed'
  | 'upload_expired'
  | 'image_too_large'
  | 'image_unsupported'
  | 'image_undecodable'
  | 'face_not_found'
  | 'multiple_faces'
  | 'face_too_small'
  | 'low_quality'
  | 'duplicate_image'
  | 'job_cancelled'
  | 'deadline_exceeded'
  | 'unsupported_job_version'
  | 'model_failure'
  | 'internal';

/** Why the code applies: one of the list, or http_ and a status. */
export type Reason =
  | 'blurred'
  | 'too_dark'
  | 'overexposed'
  | 'too_small'
  | 'covered'
  | 'distorted'
  | 'both_unclear'
  | 'one_unclear'
  | 'not_a_face'
  | 'turned'
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'interrupted'
  | 'timeout'
  | 'too_slow'
  | 'tls'
  | 'protocol'
  | 'redirects'
  | string;

/** Pixels of the upright photo, origin top-left. */
export interface FaceEvidenceBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface FaceEvidenceQuality {
  score: number;
  sharpness: number;
  brightness: number;
  yaw_deg: number;
  pitch_deg: number;
  roll_deg: number;
}

export interface FaceEvidence {
  /** Pixels of the upright photo, origin top-left. */
  box: FaceEvidenceBox;
  /** Left eye, right eye, nose, left and right mouth corner, as they appear in the photo. */
  landmarks: number[][];
  detection_score: number;
  width_px: number;
  quality: FaceEvidenceQuality;
}

export interface ImageEvidence {
  status: 'matched' | 'not_matched' | 'usable' | 'unusable';
  /** Rounded to four decimals after the decision: whether it matched is in `status` alone. */
  similarity?: number;
  code?: ErrorCode;
  reason?: Reason;
  detail?: string;
  face?: FaceEvidence;
  faces_found?: number;
  warnings: string[];
}

export interface EvidenceImages {
  front_image1: ImageEvidence;
  front_image2: ImageEvidence;
  front_image3: ImageEvidence;
  back_image: ImageEvidence;
}

export interface Evidence {
  threshold: number;
  /** False match rate of one comparison at `threshold`. Absent where the calibration does not cover the threshold or one of the compared photos: one that has a warning other than `several_faces` and `repaired_file`. */
  fmr?: number;
  min_matches: 2 | 3;
  matches: number;
  model: EvidenceModel;
  images: EvidenceImages;
  warnings: string[];
  timings_ms: Record<string, number>;
}

export interface CompareResult {
  /** The caller’s own id of the person. The response repeats it unchanged. */
  user_id: string | number;
  matched: boolean;
  /** Only if the request has `review_margin` and the decision is that close: let a person look at the photos. */
  borderline?: true;
  /** Only if the request has `"warnings": true`. Empty if there is nothing to report. */
  warnings?: Warning[];
  evidence?: Evidence;
  /** Only if the request has `"receipt": true`. A compact JWS, signed with a key of `/.well-known/jwks.json`. */
  receipt?: string;
}

export interface ErasedJobs {
  /** Jobs of which nothing is left. */
  erased: number;
  /** Jobs that were asked to stop; repeat the call to erase these too. */
  running: number;
}

export interface FailedWebhook {
  /** The webhook-id of every attempt. */
  id: string;
  /** The job that it reports; for `batch.completed`, the batch. */
  job_id: string;
  host: string;
  attempts: number;
  last_error: string;
  failed_at: string;
}

export interface FailedWebhooks {
  items: FailedWebhook[];
  /** Absent on the last page. */
  next_cursor?: string;
}

export interface Health {
  status: 'ok';
  /** Settings with a wrong value, the value, and the default that is used instead. */
  warnings: string[];
}

export interface JobAccepted {
  job_id: string;
  status: 'queued' | 'active' | 'completed' | 'failed' | 'cancelled';
  status_url: string;
  /** Fields of the request that are ignored. Absent without any. */
  warnings?: Warning[];
}

export interface ProblemErrorsItem {
  /** Line of the NDJSON, or element of the array, from 1. */
  line?: number;
  field?: string;
  image?: 'front_image1' | 'front_image2' | 'front_image3' | 'back_image';
  code: ErrorCode;
  reason?: Reason;
  detail: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  reason?: Reason;
  retryable: boolean;
  /** Who has to act: the client, the host of an image (upstream), or the operator of this service. */
  who_acts: 'client' | 'upstream' | 'service';
  request_id?: string;
  image?: 'front_image1' | 'front_image2' | 'front_image3' | 'back_image';
  errors?: ProblemErrorsItem[];
  job_id?: string;
  /** What is known about the photos of a comparison that could not be decided, if the request asked for evidence. */
  evidence?: Evidence;
  /** Only if the request has `"receipt": true`. A compact JWS, signed with a key of `/.well-known/jwks.json`. */
  receipt?: string;
}

export interface JobViewCallback {
  status: 'pending' | 'delivering' | 'delivered' | 'failed';
  attempts: number;
  last_error?: string;
}

export interface JobView {
  job_id: string;
  /** The batch that the job belongs to, if any. */
  batch_id?: string;
  /** The `ref` of its line in the batch. */
  ref?: string;
  /** The caller’s own id of the person. The response repeats it unchanged. */
  user_id: string | number;
  status: 'queued' | 'active' | 'completed' | 'failed' | 'cancelled';
  created_at: string;
  started_at?: string;
  finished_at?: string;
  attempts: number;
  result?: CompareResult;
  /** Fields of the request that were ignored, and warnings about the photos of a decided comparison. Absent without any warning. */
  warnings?: Warning[];
  error?: Problem;
  callback?: JobViewCallback;
}

/** The threshold of requests that name none, and its error rates with the pack in use. A rate is null if the calibration does not cover the threshold. */
export interface ModelsThreshold {
  value: number;
  /** Upper bound of the false match rate of one comparison. */
  fmr: number | null;
  /** Upper bound of the false non-match rate of one comparison. */
  fnmr: number | null;
  /** The same in sentences, with the data behind it and the threshold for an FMR of 1e-4. */
  meaning: string;
}

export interface ModelsModelsItemLicence {
  name: string;
  commercial_use: boolean;
  url: string;
}

export interface ModelsModelsItemCalibration1PointsItem {
  fmr: number;
  threshold: number;
  fnmr?: number;
}

export interface ModelsModelsItemCalibration1 {
  dataset: string;
  non_mated_pairs: number | null;
  mated_pairs: number | null;
  date: string;
  source: string;
  detector?: string;
  recommended_threshold?: number;
  points: ModelsModelsItemCalibration1PointsItem[];
}

export interface ModelsModelsItem {
  name: string;
  in_use: boolean;
  description: string;
  licence: ModelsModelsItemLicence;
  /** Error rates of each threshold, and the data on which they were measured. `detector` aligned the faces; absent: the own one of the pack. `recommended_threshold` changes no decision. */
  calibration: ModelsModelsItemCalibration1 | null;
}

export interface Models {
  /** The model pack in use. */
  in_use: string;
  /** The threshold of requests that name none, and its error rates with the pack in use. A rate is null if the calibration does not cover the threshold. */
  threshold: ModelsThreshold;
  models: ModelsModelsItem[];
}

export interface Readiness {
  status: 'ready' | 'not_ready';
  /** True if Redis answers. */
  redis: boolean;
  /** Number of live workers with this model pack. */
  workers: number;
  /** The model pack in use. */
  model: string;
}

export interface ReceiptImage {
  status: 'matched' | 'not_matched' | 'usable' | 'unusable';
  /** Rounded to four decimals after the decision: whether it matched is in `status` alone. */
  similarity?: number;
  code?: ErrorCode;
  reason?: Reason;
  sha256?: string;
}

export interface ReceiptImages {
  front_image1: ReceiptImage;
  front_image2: ReceiptImage;
  front_image3: ReceiptImage;
  back_image: ReceiptImage;
}

export interface ReceiptModel {
  pack: string;
  detector: string;
  recogniser: string;
}

export interface ReceiptCalibration {
  dataset: string;
  date: string;
  non_mated_pairs: number | null;
}

export interface ReceiptService {
  name: string;
  version: string;
}

export interface Receipt {
  v: 1;
  job_id: string;
  request_id: string;
  tenant: string;
  /** The caller’s own id of the person. The response repeats it unchanged. */
  user_id?: string | number;
  user_id_sha256?: string;
  decision: 'matched' | 'not_matched' | 'undecided';
  code?: ErrorCode;
  reason?: Reason;
  threshold: number;
  fmr?: number;
  min_matches: 2 | 3;
  review_margin?: number;
  borderline?: true;
  images: ReceiptImages;
  model: ReceiptModel;
  calibration?: ReceiptCalibration;
  service: ReceiptService;
  decided_at: string;
}

export interface ReceiptKeysKeysItem {
  kty: 'OKP';
  crv: 'Ed25519';
  x: string;
  /** SHA-256 thumbprint of the key (RFC 7638). */
  kid: string;
  alg: 'EdDSA';
  use: 'sig';
}

export interface ReceiptKeys {
  keys: ReceiptKeysKeysItem[];
}

export interface Webhook {
  type: 'comparison.completed' | 'comparison.failed';
  timestamp: string;
  /** Name of the API key that made the request; `anonymous` if no keys are configured. */
  tenant: string;
  data: JobView;
}

export interface WebhookRetry {
  id: string;
  job_id: string;
  status: 'pending';
}
