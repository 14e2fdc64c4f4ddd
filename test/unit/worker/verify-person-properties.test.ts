import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IMAGE_NAMES, type ImageName } from '../../../src/shared/contract/compare-request.js';
import {
  comparisonOutcomeSchema,
  problemOfFailure,
} from '../../../src/shared/contract/comparison-outcome.js';
import { createJobView, jobViewSchema } from '../../../src/shared/contract/job-view.js';
import { problemSchema } from '../../../src/shared/contract/problem.js';
import { ERROR_CODES, VerificationError } from '../../../src/shared/errors.js';
import { NAMED_REASONS } from '../../../src/shared/reasons.js';
import type { PhotoSource } from '../../../src/worker/images/load-image.js';
import { verifyPerson } from '../../../src/worker/verification/verify-person.js';
import type { FaceAnalysis } from '../../../src/worker/vision/types.js';
import { evenNumber } from '../../support/fuzz/arbitraries.js';

const EMBEDDING_LENGTH = 512;

/** The possible results of one photo: a face of this similarity with warnings, or unusable. */
const finding = fc.oneof(
  fc.record({
    similarity: evenNumber(-1, 1),
    contentDigest: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    warnings: fc.subarray(['small_face', 'blurred', 'dark', 'several_faces']),
  }),
  fc.record({
    code: fc.constantFrom(...ERROR_CODES),
    reason: fc.option(fc.constantFrom(...NAMED_REASONS, 'http_404' as const), { nil: undefined }),
  }),
);
const request = fc.record({
  findings: fc.tuple(finding, finding, finding, finding),
  threshold: evenNumber(0, 1),
  minMatches: fc.constantFrom(2 as const, 3 as const),
  duplicatePolicy: fc.constantFrom('warn' as const, 'reject' as const),
});

type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

function toAnalysis(similarity: number, index: number): FaceAnalysis {
  const embedding = new Float32Array(EMBEDDING_LENGTH);
  embedding.set([similarity, Math.sqrt(1 - similarity * similarity)]);
  const quality = { score: 1, sharpness: 1, brightness: 1, yawDeg: 0, pitchDeg: 0, rollDeg: 0 };
  return {
    embedding,
    face: { box: { x: 0, y: 0, width: 9, height: 9 }, score: 1, landmarks: new Float32Array(10) },
    quality,
    doubtMargin: 0,
    facesFound: 1,
    width: 9,
    height: 9,
    contentDigest: '',
    perceptualHash:
      ['0000000000000000', 'ffffffff00000000', '00000000ffffffff', 'ffffffffffffffff'][index] ?? '',
    warnings: [],
    timingsMs: {},
  };
}

async function verify({ findings, threshold, minMatches, duplicatePolicy }: Asked) {
  const images = Object.fromEntries(IMAGE_NAMES.map((name, index) => [name, String(index)]));
  const deps = {
    loadImage: async (source: PhotoSource) => Buffer.from(String(source)),
    analyse: async (bytes: Uint8Array) => {
      const index = Number(Buffer.from(bytes).toString());
      const found = findings[index];
      if (!found) throw new Error('no such photo');
      if ('code' in found) throw new VerificationError(found.code, { reason: found.reason });
      const { similarity, ...facts } = found;
      return { ...toAnalysis(IMAGE_NAMES[index] === 'back_image' ? 1 : similarity, index), ...facts };
    },
    duplicatePolicy,
    earlyDecision: false,
    model: { pack: 'lite', detector: 'd', recogniser: 'r' },
    fmrAt: () => 1e-5,
  };
  const signal = new AbortController().signal;
  const asked = { images: images as Record<ImageName, string>, threshold, minMatches, everyPhoto: false };
  return verifyPerson(asked, deps, signal);
}

describe('a comparison that could not be decided', () => {
  it('contains `matched` in no form that leaves the service', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (asked) => {
        const { outcome, evidence } = await verify(asked);
        const stored = comparisonOutcomeSchema.parse(JSON.parse(JSON.stringify(outcome)));
        expect(stored).toEqual(outcome);
        if (stored.ok) return;

        const problem = problemOfFailure(stored, { jobId: 'r_1', requestId: 'q', evidence });
        const job = { user_id: 'u', request_id: 'q', warnings: true };
        const view = createJobView({
          jobId: 'r_1',
          job,
          createdAt: 1,
          attempts: 1,
          outcome: stored,
          evidence,
        });

        expect(JSON.stringify([outcome, problem, view])).not.toContain('"matched":');
        expect(view.error?.evidence).toEqual(evidence);
        expect(problemSchema.parse(problem)).toEqual(problem);
        expect(jobViewSchema.parse(view)).toEqual(view);
        expect(view.status).not.toBe('completed');
      }),
      { numRuns: 2_000 },
    );
  });

  it('never reads like a decided one, whose warnings and rate agree with its evidence', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (asked) => {
        const { outcome, evidence } = await verify(asked);
        if (!outcome.ok) return;

        const warnings = IMAGE_NAMES.flatMap((image) =>
          (evidence?.images[image].warnings ?? []).map((code) => ({ image, code })),
        );
        expect(outcome.warnings).toEqual(warnings);
        expect(evidence?.fmr).toBe(warnings.every(({ code }) => code === 'several_faces') ? 1e-5 : undefined);
        expect(outcome.matched).toBe((evidence?.matches ?? 0) >= asked.minMatches);
      }),
      { numRuns: 2_000 },
    );
  });
});
