import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IMAGE_NAMES, type ImageName } from '../../../../src/shared/contract/compare-request.js';
import { type ErrorCode, VerificationError } from '../../../../src/shared/errors.js';
import type { PhotoSource } from '../../../../src/worker/images/load-image.js';
import { createComputeGate } from '../../../../src/worker/tenant-shares/compute-gate.js';
import { type Verification, verifyPerson } from '../../../../src/worker/verification/verify-person.js';
import type { FaceAnalysis } from '../../../../src/worker/vision/types.js';

/** A photo: where it fails, or its similarity to the reference and whether the face is only just recognisable. */
type Photo =
  | { readonly fails: 'fetch' | 'analysis'; readonly code: ErrorCode }
  | { readonly similarity: number; readonly doubtful: boolean; readonly content: string };
type Photos = Readonly<Record<ImageName, Photo>>;

const THRESHOLD = 0.5;

const photo: fc.Arbitrary<Photo> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      similarity: fc.constantFrom(-1, 0, 0.31, 0.499, 0.5, 0.52, 0.69, 0.9, 1),
      doubtful: fc.boolean(),
      content: fc.constantFrom('a', 'b', 'c', 'd'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      fails: fc.constantFrom('fetch' as const, 'analysis' as const),
      code: fc.constantFrom<ErrorCode>(
        'image_fetch_failed',
        'face_not_found',
        'low_quality',
        'model_failure',
      ),
    }),
  },
);
const comparison = fc.record({
  photos: fc.record({ front_image1: photo, front_image2: photo, front_image3: photo, back_image: photo }),
  minMatches: fc.constantFrom(2 as const, 3 as const),
  duplicatePolicy: fc.constantFrom('warn' as const, 'warn' as const, 'reject' as const),
  reviewMargin: fc.constantFrom<number | undefined>(undefined, 0, 0.02, 0.2),
  everyPhoto: fc.boolean(),
  tenant: fc.constantFrom('a', 'b'),
  urgent: fc.boolean(),
});
type Comparison = typeof comparison extends fc.Arbitrary<infer T> ? T : never;

function analysisOf(found: Extract<Photo, { similarity: number }>, isReference: boolean): FaceAnalysis {
  const cosine = isReference ? 1 : found.similarity;
  const quality = { score: 1, sharpness: 1, brightness: 1, yawDeg: 0, pitchDeg: 0, rollDeg: 0 };
  return {
    embedding: Float32Array.of(cosine, Math.sqrt(1 - cosine * cosine)),
    face: { box: { x: 0, y: 0, width: 9, height: 9 }, score: 1, landmarks: new Float32Array(10) },
    quality,
    doubtMargin: found.doubtful ? 0.15 : 0,
    facesFound: 1,
    width: 9,
    height: 9,
    contentDigest: found.content,
    perceptualHash: { a: 'ffffffff00000000', b: '00000000ffffffff', c: '0'.repeat(16), d: 'f'.repeat(16) }[
      found.content
    ] as string,
    warnings: [],
    timingsMs: {},
  };
}

interface Surroundings {
  readonly earlyDecision: boolean;
  /** Returns when a step of the test's choice is to end. */
  readonly after: (step: string) => Promise<void>;
  readonly gate: ReturnType<typeof createComputeGate>;
}

/** Runs a comparison and collects the names of the analysed photos and every embedding that was handed out. */
function run(
  { photos, minMatches, reviewMargin, duplicatePolicy, everyPhoto, tenant, urgent }: Comparison,
  { earlyDecision, after, gate }: Surroundings,
) {
  const analysed: ImageName[] = [];
  const embeddings: Float32Array[] = [];
  const steps = {
    loadImage: async (source: PhotoSource, signal: AbortSignal): Promise<Uint8Array> => {
      const url = String(source);
      await after(`fetch ${url}`);
      signal.throwIfAborted();
      const found = photos[url as ImageName];
      if ('code' in found && found.fails === 'fetch') throw new VerificationError(found.code);
      return Buffer.from(url);
    },
    analyse: (
      bytes: Uint8Array,
      { signal, needed }: { signal: AbortSignal; needed?: Promise<void> | undefined },
    ) =>
      gate.run({ tenant, urgent, signal, needed }, async () => {
        const name = Buffer.from(bytes).toString() as ImageName;
        analysed.push(name);
        await after(`analyse ${name}`);
        const found = photos[name];
        if ('code' in found) throw new VerificationError(found.code);
        const analysis = analysisOf(found, name === 'back_image');
        embeddings.push(analysis.embedding);
        return analysis;
      }),
  };
  const rules = {
    duplicatePolicy,
    earlyDecision,
    model: { pack: 'lite', detector: 'd', recogniser: 'r' },
    fmrAt: () => undefined,
  };
  const images = Object.fromEntries(IMAGE_NAMES.map((name) => [name, name])) as Record<ImageName, string>;
  const asked = { images, threshold: THRESHOLD, minMatches, reviewMargin, everyPhoto };
  const result = verifyPerson(asked, { ...steps, ...rules }, new AbortController().signal);
  return { result, analysed, embeddings };
}

const atOnce = { after: async () => undefined };
const openGate = () => createComputeGate({ limit: 9, spareLimit: 9, costlyLimit: 9 });
const exhaustive = (asked: Comparison): Promise<Verification> =>
  run(asked, { earlyDecision: false, gate: openGate(), ...atOnce }).result;

/** Returns the result for callers, without the warnings about photos that were skipped. */
function seen({ outcome, skipped }: Verification) {
  if (!outcome.ok) return outcome;
  const names = [...skipped.keys()];
  const warnings = (outcome.warnings ?? []).filter(
    ({ image, code }) => !names.some((name) => image === name || code.endsWith(name)),
  );
  return { ...outcome, warnings };
}

const gates = fc.record({
  limit: fc.constantFrom(2, 4),
  spareLimit: fc.constantFrom(1, 2),
  costlyLimit: fc.constant(1),
});

describe('a comparison that is decided early', () => {
  it('has the outcome of the exhaustive one, whatever the photos are and in whatever order they arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(comparison, { minLength: 1, maxLength: 3 }),
        gates,
        fc.scheduler(),
        async (all, limits, scheduler) => {
          const gate = createComputeGate(limits);
          const after = (step: string): Promise<void> => scheduler.schedule(Promise.resolve(), step);
          const runs = all.map((asked) => run(asked, { earlyDecision: true, after, gate }));
          const ends: Verification[] = [];
          runs.forEach(({ result }, index) => void result.then((end) => (ends[index] = end)));

          // Nothing is left to do, so a comparison without an end would never get one.
          await scheduler.waitIdle();

          for (const [index, asked] of all.entries()) {
            const [end, expected] = [ends[index], await exhaustive(asked)];
            expect(end && seen(end)).toEqual(seen({ ...expected, skipped: end?.skipped ?? new Map() }));
            if (asked.everyPhoto || asked.duplicatePolicy === 'reject') {
              expect(end?.skipped.size).toBe(0);
              expect(end?.evidence === undefined).toBe(expected.evidence === undefined);
            }
            for (const embedding of runs[index]?.embeddings ?? []) expect([...embedding]).toEqual([0, 0]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  const face = (similarity: number, content: string): Photo => ({ similarity, doubtful: false, content });
  const asked = (photos: Partial<Photos>): Comparison => ({
    photos: {
      front_image1: face(0.9, 'a'),
      front_image2: face(0.9, 'b'),
      front_image3: face(0.9, 'c'),
      back_image: face(1, 'd'),
      ...photos,
    },
    minMatches: 2,
    reviewMargin: undefined,
    duplicatePolicy: 'warn',
    everyPhoto: false,
    tenant: 'a',
    urgent: true,
  });
  const never = new Promise<void>(() => undefined);
  const stuckAt = (...stuck: readonly string[]) => ({
    after: (step: string) => (stuck.includes(step) ? never : Promise.resolve()),
  });

  it('waits neither for a download nor for an analysis that cannot change it', async () => {
    const surroundings = { earlyDecision: true, gate: openGate() };

    const hanging = await run(asked({}), { ...surroundings, ...stuckAt('fetch front_image1') }).result;
    const slow = await run(asked({}), { ...surroundings, ...stuckAt('analyse front_image2') }).result;

    expect(hanging.outcome).toMatchObject({ ok: true, matched: true });
    expect([...hanging.skipped]).toEqual([['front_image1', 'aborted']]);
    expect(slow.outcome).toMatchObject({ ok: true, matched: true });
    expect([...slow.skipped]).toEqual([['front_image2', 'dropped']]);
    expect(slow.evidence).toBeUndefined();
  });

  it('fails with the error of the reference without waiting for any front', async () => {
    const photos = { back_image: { fails: 'fetch', code: 'image_fetch_failed' } } as const;
    const stuck = stuckAt('fetch front_image1', 'analyse front_image2', 'fetch front_image3');

    const { outcome } = await run(asked(photos), { earlyDecision: true, gate: openGate(), ...stuck }).result;

    expect(outcome).toMatchObject({ ok: false, code: 'image_fetch_failed', image: 'back_image' });
  });

  it('analyses three photos on a busy machine, and the fourth only if the others do not decide', async () => {
    const analysedFor = async (similarity: number): Promise<readonly ImageName[]> => {
      const gate = createComputeGate({ limit: 1, spareLimit: 0, costlyLimit: 1 });
      const photos = asked({ front_image1: face(similarity, 'a') });
      const { result, analysed } = run(photos, { earlyDecision: true, gate, ...atOnce });
      expect((await result).outcome).toMatchObject({ ok: true, matched: true });
      return analysed;
    };

    expect(await analysedFor(0.9)).toEqual(['back_image', 'front_image1', 'front_image2']);
    expect(await analysedFor(0.1)).toEqual(['back_image', 'front_image1', 'front_image2', 'front_image3']);
  });

  it('waits for the photo that can make a close decision clear, but only if the caller asks', async () => {
    const gate = () => createComputeGate({ limit: 1, spareLimit: 0, costlyLimit: 1 });
    const compare = async (reviewMargin: number | undefined, second: number, third: number) => {
      const photos = asked({ front_image2: face(second, 'b'), front_image3: face(third, 'c') });
      const all = run({ ...photos, reviewMargin }, { earlyDecision: true, gate: gate(), ...atOnce });
      const { outcome, skipped } = await all.result;
      return { outcome: { ...outcome, warnings: [] }, skipped: [...skipped.keys()] };
    };
    const yes = { ok: true, matched: true, warnings: [] };

    expect(await compare(0.05, 0.52, 0.9)).toEqual({ outcome: yes, skipped: [] });
    expect(await compare(0.05, 0.52, 0.1)).toEqual({ outcome: { ...yes, borderline: true }, skipped: [] });
    expect(await compare(0.05, 0.69, 0.1)).toEqual({ outcome: yes, skipped: ['front_image3'] });
    expect(await compare(undefined, 0.52, 0.9)).toEqual({ outcome: yes, skipped: ['front_image3'] });
  });

  it('gives up at once, with all its downloads, when its job is aborted', async () => {
    const controller = new AbortController();
    const images = { front_image1: '1', front_image2: '2', front_image3: '3', back_image: '4' };
    const request = { images, threshold: THRESHOLD, minMatches: 2, everyPhoto: false } as const;
    const signals: AbortSignal[] = [];
    const deps = {
      loadImage: (_source: PhotoSource, signal: AbortSignal): Promise<Uint8Array> => {
        signals.push(signal);
        return never as Promise<never>;
      },
      analyse: () => never as Promise<never>,
      duplicatePolicy: 'warn',
      earlyDecision: true,
      model: { pack: 'lite', detector: 'd', recogniser: 'r' },
      fmrAt: () => undefined,
    } as const;

    const result = verifyPerson(request, deps, controller.signal);
    controller.abort(new Error('deadline'));

    await expect(result).rejects.toThrow('deadline');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true]);
    await expect(verifyPerson(request, deps, controller.signal)).rejects.toThrow('deadline');
  });
});
