import { hash } from 'node:crypto';
import type { ImageName } from '../../../src/shared/contract/compare-request.js';
import { VerificationError } from '../../../src/shared/errors.js';
import type { ComparisonJob } from '../../../src/shared/queue/comparison-job.js';
import type { JudgedComparison } from '../../../src/worker/receipts/receipt-issuer.js';
import { type Verification, verifyPerson } from '../../../src/worker/verification/verify-person.js';
import type { FaceAnalysis } from '../../../src/worker/vision/types.js';
import { comparisonJob } from './comparison-job.js';

/** The content of a "photo" that fails, and where. */
export const UNFETCHED = 'unfetched';
export const FACELESS = 'faceless';

/**
 * Compares four photos whose contents are their similarities to the reference, or `UNFETCHED` or `FACELESS`, by the rules
 * of a worker. `everyPhoto: false`: it decides early, with the photos in their order.
 */
export function verifyContents(
  contents: Readonly<Record<ImageName, string>>,
  job: ComparisonJob,
  { everyPhoto = true } = {},
): Promise<Verification> {
  const { threshold, min_matches: minMatches, review_margin: reviewMargin } = job;
  return verifyPerson(
    { images: contents, threshold, minMatches, reviewMargin, everyPhoto, keepsDigests: true },
    {
      loadImage: async (content) => {
        if (content === UNFETCHED) throw new VerificationError('image_fetch_failed', { reason: 'timeout' });
        return Buffer.from(String(content));
      },
      analyse: async (bytes, { role, needed }) => {
        await needed;
        const content = Buffer.from(bytes).toString();
        if (content === FACELESS) throw new VerificationError('face_not_found');
        return faceOf(role === 'reference' ? 1 : Number(content), bytes);
      },
      duplicatePolicy: 'warn',
      earlyDecision: true,
      model: { pack: 'lite', detector: 'a'.repeat(64), recogniser: 'b'.repeat(64) },
      fmrAt: () => 1e-5,
    },
    new AbortController().signal,
  );
}

/** As `verifyContents`, with a receipt. */
export async function judgeComparison(
  contents: Readonly<Record<ImageName, string>>,
  changes: Partial<ComparisonJob> = {},
): Promise<JudgedComparison> {
  const job = comparisonJob({ receipt: true, ...changes });
  const { outcome, evidence, photos } = await verifyContents(contents, job);
  if (!evidence) throw new Error('every photo was to be judged');
  return { jobId: 'r_1', job, outcome, evidence, photos };
}

function faceOf(similarity: number, bytes: Uint8Array): FaceAnalysis {
  return {
    embedding: Float32Array.of(similarity, Math.sqrt(1 - similarity * similarity)),
    face: { box: { x: 0, y: 0, width: 9, height: 9 }, score: 1, landmarks: new Float32Array(10) },
    quality: { score: 1, sharpness: 1, brightness: 1, yawDeg: 0, pitchDeg: 0, rollDeg: 0 },
    doubtMargin: 0,
    facesFound: 1,
    width: 9,
    height: 9,
    contentDigest: hash('sha256', bytes),
    perceptualHash: hash('sha256', bytes).slice(0, 16),
    warnings: [],
    timingsMs: {},
  };
}
