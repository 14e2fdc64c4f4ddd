import { hash } from 'node:crypto';
import { CompactSign } from 'jose';
import type { ImageName } from '../../shared/contract/compare-request.js';
import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import type { Evidence } from '../../shared/contract/evidence.js';
import type { Receipt, ReceiptImage } from '../../shared/contract/receipt.js';
import type { Calibration } from '../../shared/models/model-manifest.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import { RECEIPT_ALGORITHM, type SigningKey } from '../../shared/receipts/receipt-keys.js';
import type { PhotoResults } from '../verification/analyse-photo.js';

/** Type of the token, so that none is taken for another kind of token with the same signature (RFC 8725, 3.11). */
const RECEIPT_TYPE = 'face-receipt+jwt';

export interface ReceiptSettings {
  readonly key: SigningKey;
  /** True: a receipt has the SHA-256 of the `user_id` in its place. */
  readonly hashesUserId: boolean;
  /** Of the model pack; undefined if it has none. */
  readonly calibration: Calibration | undefined;
  readonly service: Receipt['service'];
  /** ms since 1970. */
  readonly now: () => number;
}

/** A comparison whose photos were judged, whether or not that decided it. */
export interface JudgedComparison {
  readonly jobId: string;
  readonly job: ComparisonJob;
  readonly outcome: ComparisonOutcome;
  readonly evidence: Evidence;
  readonly photos: PhotoResults;
}

/** Returns the receipt of a comparison: a compact JWS (RFC 7515) over `Receipt`, signed with Ed25519 (RFC 8037). */
export type IssueReceipt = (comparison: JudgedComparison) => Promise<string>;

/** Returns the function that signs receipts with these settings. */
export function createReceiptIssuer({ key, ...settings }: ReceiptSettings): IssueReceipt {
  const header = { alg: RECEIPT_ALGORITHM, typ: RECEIPT_TYPE, kid: key.published.kid };
  return (comparison) => {
    const content = Buffer.from(JSON.stringify(describe(comparison, settings)));
    return new CompactSign(content).setProtectedHeader(header).sign(key.privateKey);
  };
}

function describe(
  { jobId, job, outcome, evidence, photos }: JudgedComparison,
  settings: Omit<ReceiptSettings, 'key'>,
): Receipt {
  const image = (name: ImageName): ReceiptImage => describeImage(evidence.images[name], photos[name]);
  const { calibration } = settings;
  return {
    v: 1,
    job_id: jobId,
    request_id: job.request_id,
    tenant: job.tenant,
    ...(settings.hashesUserId
      ? { user_id_sha256: hash('sha256', String(job.user_id)) }
      : { user_id: job.user_id }),
    ...describeDecision(outcome),
    threshold: evidence.threshold,
    ...(evidence.fmr === undefined ? {} : { fmr: evidence.fmr }),
    min_matches: evidence.min_matches,
    ...(job.review_margin === undefined ? {} : { review_margin: job.review_margin }),
    images: {
      front_image1: image('front_image1'),
      front_image2: image('front_image2'),
      front_image3: image('front_image3'),
      back_image: image('back_image'),
    },
    model: evidence.model,
    ...(calibration ? { calibration: describeCalibration(calibration) } : {}),
    service: settings.service,
    decided_at: new Date(settings.now()).toISOString(),
  };
}

function describeDecision(
  outcome: ComparisonOutcome,
): Pick<Receipt, 'decision' | 'code' | 'reason' | 'borderline'> {
  if (!outcome.ok) {
    const { code, reason } = outcome;
    return { decision: 'undecided', code, ...(reason === undefined ? {} : { reason }) };
  }
  return {
    decision: outcome.matched ? 'matched' : 'not_matched',
    ...(outcome.borderline ? { borderline: true } : {}),
  };
}

function describeCalibration({ dataset, date, non_mated_pairs }: Calibration): Receipt['calibration'] {
  return { dataset, date, non_mated_pairs };
}

function describeImage(
  { status, similarity, code, reason }: Evidence['images'][ImageName],
  photo: PhotoResults[ImageName],
): ReceiptImage {
  const sha256 = photo?.usable ? photo.analysis.contentDigest : photo?.contentDigest;
  return {
    status,
    ...(similarity === undefined ? {} : { similarity }),
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}
