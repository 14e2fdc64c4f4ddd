import { describe, expect, it } from 'vitest';
import { IMAGE_NAMES, type ImageName } from '../../../../src/shared/contract/compare-request.js';
import { comparisonOutcomeSchema } from '../../../../src/shared/contract/comparison-outcome.js';
import { evidenceSchema } from '../../../../src/shared/contract/evidence.js';
import { type ErrorCode, VerificationError } from '../../../../src/shared/errors.js';
import {
  type VerificationDependencies,
  verifyPerson,
} from '../../../../src/worker/verification/verify-person.js';
import type { FaceAnalysis } from '../../../../src/worker/vision/types.js';

const EMBEDDING_LENGTH = 512;

const HASHES: Readonly<Record<ImageName, string>> = {
  front_image1: '0000000000000000',
  front_image2: 'ffffffff00000000',
  front_image3: '00000000ffffffff',
  back_image: 'ffffffffffffffff',
};

/** Analysis of a photo: a face whose embedding has this cosine with that of `faceAt(1)`. */
function faceAt(similarity: number, changes: Partial<FaceAnalysis> = {}): FaceAnalysis {
  const embedding = new Float32Array(EMBEDDING_LENGTH);
  // Four equal components: the one cosine of a half that no rounding touches.
  embedding.set(similarity === 0.5 ? [1, 1, 1, 1] : [similarity, Math.sqrt(1 - similarity * similarity)]);
  return {
    embedding,
    face: {
      box: { x: 10.04, y: 20.06, width: 99.6, height: 130 },
      score: 0.98765,
      landmarks: Float32Array.of(30, 60, 80, 61, 55, 85, 38, 110, 72, 111),
    },
    quality: {
      score: 0.8766,
      sharpness: 123.45,
      brightness: 99.96,
      yawDeg: 4.44,
      pitchDeg: -3.33,
      rollDeg: 1.25,
    },
    doubtMargin: 0,
    facesFound: 1,
    width: 640,
    height: 480,
    contentDigest: `digest of ${similarity}`,
    perceptualHash: '0123456789abcdef',
    warnings: [],
    timingsMs: { decode: 2, embed: 5 },
    ...changes,
  };
}

type Photos = Readonly<Record<ImageName, FaceAnalysis | ErrorCode | VerificationError>>;

/** Four photos that are no duplicates: two that match at 0.5, one that does not, and the reference. */
function photos(changes: Partial<Photos> = {}): Photos {
  const plain = { front_image1: 0.9, front_image2: 0.5, front_image3: 0.49, back_image: 1 };
  const distinct = IMAGE_NAMES.map((name) => [
    name,
    faceAt(plain[name], { contentDigest: name, perceptualHash: HASHES[name] }),
  ]);
  return { ...Object.fromEntries(distinct), ...changes } as Photos;
}

function verify(
  found: Photos,
  changes: Partial<VerificationDependencies> = {},
  signal = new AbortController().signal,
) {
  const images = Object.fromEntries(IMAGE_NAMES.map((name) => [name, name])) as Record<ImageName, string>;
  const deps: VerificationDependencies = {
    loadImage: async (source) => Buffer.from(String(source)),
    analyse: async (bytes) => {
      const photo = found[Buffer.from(bytes).toString() as ImageName];
      if (typeof photo === 'string') throw new VerificationError(photo);
      if (photo instanceof VerificationError) throw photo;
      return photo;
    },
    duplicatePolicy: 'warn',
    earlyDecision: false,
    model: { pack: 'lite', detector: 'd', recogniser: 'r' },
    fmrAt: () => undefined,
    ...changes,
  };
  return verifyPerson({ images, threshold: 0.5, minMatches: 2, everyPhoto: false }, deps, signal);
}

describe('verifyPerson', () => {
  it('decides by the similarities of the fronts to the reference, the threshold itself included', async () => {
    const two = await verify(photos());
    const one = await verify(photos({ front_image2: faceAt(0.4999) }));

    expect(two.outcome).toEqual({ ok: true, matched: true, warnings: [] });
    expect(one.outcome).toEqual({ ok: true, matched: false, warnings: [] });
  });

  it('decides nothing about doubtful faces that are hardly more alike than strangers (18)', async () => {
    const doubtful = { doubtMargin: 0.15 };
    const reference = () => faceAt(1, { contentDigest: 'r', perceptualHash: HASHES.back_image, ...doubtful });
    const front = (name: 'front_image1' | 'front_image2' | 'front_image3', similarity: number) =>
      faceAt(similarity, { contentDigest: name, perceptualHash: HASHES[name], ...doubtful });
    const fronts = (first: number, second: number, third: number) => ({
      front_image1: front('front_image1', first),
      front_image2: front('front_image2', second),
      front_image3: front('front_image3', third),
    });

    const strangers = await verify(photos({ back_image: reference(), ...fronts(0.52, 0.51, 0.53) }));
    const sure = await verify(photos({ back_image: reference(), ...fronts(0.8, 0.7, 0.3) }));
    const clear = await verify(photos(fronts(0.52, 0.3, 0.2)));

    expect(strangers.outcome).toMatchObject({ ok: false, code: 'low_quality', reason: 'both_unclear' });
    expect(strangers.outcome).toMatchObject({ errors: [{}, {}, {}] });
    expect(sure.outcome).toMatchObject({ ok: true, matched: true });
    expect(sure.evidence?.images.front_image3).toMatchObject({ status: 'unusable', reason: 'both_unclear' });
    expect(clear.outcome).toMatchObject({ ok: true, matched: false });
  });

  it('does not say no about a doubtful front that is nearly as similar as the threshold asks (18)', async () => {
    const doubtful = (similarity: number) =>
      faceAt(similarity, { contentDigest: 'd', perceptualHash: HASHES.front_image2, doubtMargin: 0.15 });

    const close = await verify(photos({ front_image2: doubtful(0.4) }));
    const far = await verify(photos({ front_image2: doubtful(0.3) }));
    const settled = await verify(photos({ front_image2: doubtful(0.4), front_image3: faceAt(0.6) }));

    expect(close.outcome).toMatchObject({ ok: false, code: 'low_quality', reason: 'one_unclear' });
    expect(close.outcome).toMatchObject({ errors: [{ image: 'front_image2' }] });
    expect(close.evidence).toMatchObject({ matches: 1, images: { front_image2: { status: 'unusable' } } });
    expect(far.outcome).toMatchObject({ ok: true, matched: false });
    expect(settled.outcome).toMatchObject({ ok: true, matched: true });
  });

  it('shows every figure of the decision in the evidence', async () => {
    const { evidence } = await verify(photos({ front_image3: 'face_not_found' }), {
      fmrAt: (threshold) => (threshold === 0.5 ? 4.4e-6 : undefined),
    });

    expect(evidenceSchema.parse(evidence)).toMatchObject({
      threshold: 0.5,
      fmr: 4.4e-6,
      min_matches: 2,
      matches: 2,
      model: { pack: 'lite', detector: 'd', recogniser: 'r' },
      images: {
        front_image1: { status: 'matched', similarity: 0.9 },
        front_image2: { status: 'matched', similarity: 0.5 },
        front_image3: { status: 'unusable', code: 'face_not_found' },
        back_image: { status: 'usable' },
      },
      warnings: [],
      timings_ms: { decode: 6, embed: 15, fetch: expect.any(Number) },
    });
    expect(evidence?.images.back_image).not.toHaveProperty('similarity');
  });

  it('describes each face: position, width, detection score and quality', async () => {
    const { evidence } = await verify(photos());

    expect(evidence?.images.front_image1).toMatchObject({
      faces_found: 1,
      face: {
        box: { x: 10, y: 20.1, width: 99.6, height: 130 },
        landmarks: [
          [30, 60],
          [80, 61],
          [55, 85],
          [38, 110],
          [72, 111],
        ],
        detection_score: 0.9877,
        width_px: 100,
        quality: {
          score: 0.877,
          sharpness: 123.5,
          brightness: 100,
          yaw_deg: 4.4,
          pitch_deg: -3.3,
          roll_deg: 1.3,
        },
      },
    });
  });

  it('states no false match rate that is not known', async () => {
    expect((await verify(photos())).evidence).not.toHaveProperty('fmr');
  });

  it('rounds similarities to four decimals after the decision, so that only the status shows the difference', async () => {
    const below = faceAt(0.499_96);

    const { outcome, evidence } = await verify(photos({ front_image2: below }));

    expect(outcome).toMatchObject({ matched: false });
    expect(evidence).toMatchObject({ threshold: 0.5, matches: 1 });
    expect(evidence?.images.front_image2).toMatchObject({ status: 'not_matched', similarity: 0.5 });
  });

  it('lists the warnings of all photos in the outcome, in the order of the contract', async () => {
    const dark = faceAt(1, { contentDigest: 'r', perceptualHash: HASHES.back_image, warnings: ['dark'] });
    const small = faceAt(0.9, { warnings: ['small_face', 'blurred'] });

    const { outcome } = await verify(photos({ back_image: dark, front_image2: small }));

    expect(comparisonOutcomeSchema.parse(outcome)).toEqual({
      ok: true,
      matched: true,
      warnings: [
        { image: 'front_image2', code: 'small_face' },
        { image: 'front_image2', code: 'blurred' },
        { image: 'back_image', code: 'dark' },
      ],
    });
  });

  it('passes on the warnings of vision', async () => {
    const turned = faceAt(0.9, { warnings: ['rotated_90', 'several_faces'], facesFound: 3 });

    const { evidence } = await verify(photos({ front_image1: turned }));

    expect(evidence?.images.front_image1).toMatchObject({
      faces_found: 3,
      warnings: ['rotated_90', 'several_faces'],
    });
  });

  it('blames the reference alone when it cannot be used, whatever the fronts are', async () => {
    const { outcome, evidence } = await verify(
      photos({ back_image: 'image_unsupported', front_image1: 'face_not_found' }),
    );

    expect(outcome).toMatchObject({ ok: false, code: 'image_unsupported', image: 'back_image' });
    expect(outcome).toHaveProperty('errors', [expect.objectContaining({ image: 'back_image' })]);
    // The evidence describes every photo, for a caller who wants to replace all bad ones at once.
    const { images, matches, fmr } = evidenceSchema.parse(evidence);
    expect([images.front_image1.code, images.front_image2.status]).toEqual(['face_not_found', 'usable']);
    expect(images.front_image2).not.toHaveProperty('similarity');
    expect([matches, fmr]).toEqual([0, undefined]);
  });

  it('names every unusable front that might have changed the answer', async () => {
    const { outcome, evidence } = await verify(
      photos({ front_image2: 'face_not_found', front_image3: 'image_fetch_failed' }),
    );

    expect(outcome).toMatchObject({
      ok: false,
      code: 'face_not_found',
      image: 'front_image2',
      // Fetching the third again may help, although the second is what it is.
      retryable: true,
      errors: [
        { image: 'front_image2', code: 'face_not_found' },
        { image: 'front_image3', code: 'image_fetch_failed' },
      ],
    });
    expect(outcome).not.toHaveProperty('matched');
    expect(evidenceSchema.parse(evidence)).toMatchObject({
      matches: 1,
      images: { front_image1: { status: 'matched' }, front_image3: { status: 'unusable' } },
    });
  });

  it('says how the other fronts compare if an unusable one leaves the question open', async () => {
    const { outcome } = await verify(photos({ front_image1: faceAt(0.1), front_image3: 'face_not_found' }));

    expect(outcome).toMatchObject({
      ok: false,
      image: 'front_image3',
      detail:
        'front_image3: No face was found. front_image1 does not match, front_image2 matches. ' +
        'At least 2 fronts must match.',
    });
  });

  it('passes on the longest time that an image host asks for', async () => {
    const busy = (retryAfterSeconds?: number) =>
      new VerificationError(
        'image_fetch_failed',
        retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
      );
    const outcomeWith = async (changes: Partial<Photos>) => (await verify(photos(changes))).outcome;

    const asked = await outcomeWith({ front_image1: busy(20), front_image2: busy(60), front_image3: busy() });
    const silent = await outcomeWith({ back_image: busy() });

    expect(asked).toMatchObject({ ok: false, retryable: true, retry_after: 60 });
    expect(silent).not.toHaveProperty('retry_after');
  });

  it('gives the reason with the code of every unusable photo', async () => {
    const blurred = new VerificationError('low_quality', { reason: 'blurred' });
    const gone = new VerificationError('image_not_available', { reason: 'http_404' });

    const undecided = await verify(photos({ front_image2: blurred, front_image3: gone }));
    const decided = await verify(photos({ front_image3: blurred }));

    expect(comparisonOutcomeSchema.parse(undecided.outcome)).toEqual({
      ok: false,
      code: 'low_quality',
      reason: 'blurred',
      detail:
        'front_image2: The face is too blurred to compare. front_image1 matches. At least 2 fronts must match.',
      retryable: false,
      image: 'front_image2',
      errors: [
        {
          image: 'front_image2',
          code: 'low_quality',
          reason: 'blurred',
          detail: 'The face is too blurred to compare.',
        },
        {
          image: 'front_image3',
          code: 'image_not_available',
          reason: 'http_404',
          detail: 'The image host responded with status 404.',
        },
      ],
    });
    expect(evidenceSchema.parse(decided.evidence).images.front_image3).toEqual({
      status: 'unusable',
      code: 'low_quality',
      reason: 'blurred',
      detail: 'The face is too blurred to compare.',
      warnings: [],
    });
  });

  it('forgets the embeddings and the bytes of the photos', async () => {
    const found = photos();
    const fetched: Uint8Array[] = [];

    await verify(found, {
      loadImage: async (source) => {
        const bytes = Buffer.from(String(source));
        fetched.push(bytes);
        return bytes;
      },
    });

    expect(fetched).toHaveLength(4);
    for (const bytes of fetched) expect(bytes.every((byte) => byte === 0)).toBe(true);
    for (const photo of Object.values(found)) {
      if (typeof photo === 'object' && 'embedding' in photo)
        expect(photo.embedding.every((value) => value === 0)).toBe(true);
    }
  });

  it('forgets them also when it is aborted half-way', async () => {
    const found = photos();
    const controller = new AbortController();
    const stopAtTheLast = {
      analyse: async (bytes: Uint8Array) => {
        const name = Buffer.from(bytes).toString() as ImageName;
        if (name === 'front_image3') controller.abort(new Error('stopped'));
        return found[name] as FaceAnalysis;
      },
    };

    await expect(verify(found, stopAtTheLast, controller.signal)).rejects.toThrow('stopped');

    const { embedding } = found.back_image as FaceAnalysis;
    expect(embedding.every((value) => value === 0)).toBe(true);
  });

  it('refuses to decide on an embedding that is broken', async () => {
    const broken = faceAt(0.9);
    broken.embedding[100] = Number.NaN;

    await expect(verify(photos({ front_image1: broken }))).rejects.toMatchObject({ code: 'model_failure' });
  });
});

describe('the false match rate', () => {
  const fmrAt = (): number => 4.4e-6;
  const warned = (image: ImageName, warning: string): Photos =>
    photos({
      [image]: faceAt(image === 'back_image' ? 1 : 0.9, {
        contentDigest: 'warned',
        perceptualHash: HASHES[image],
        warnings: [warning],
      }),
    });

  it('is stated when all compared photos are like those of the calibration', async () => {
    const plain = await verify(photos(), { fmrAt });
    const crowd = await verify(warned('front_image1', 'several_faces'), { fmrAt });

    expect(plain.evidence?.fmr).toBe(4.4e-6);
    expect(crowd.evidence?.fmr).toBe(4.4e-6);
  });

  it.each(IMAGE_NAMES)('is not stated when %s is a borderline case', async (image) => {
    for (const warning of ['small_face', 'blurred', 'dark', 'rotated_90', 'a_warning_to_come']) {
      const { evidence } = await verify(warned(image, warning), { fmrAt });

      expect(evidence).toBeDefined();
      expect(evidence).not.toHaveProperty('fmr');
    }
  });

  it('is stated although a photo was unusable, because that photo was not compared', async () => {
    const { evidence } = await verify(photos({ front_image3: 'low_quality' }), { fmrAt });

    expect(evidence?.fmr).toBe(4.4e-6);
  });

  it('is not stated when two of the photos are the same', async () => {
    const copies = photos({ front_image2: faceAt(0.9, { contentDigest: 'front_image1' }) });

    const { evidence } = await verify(copies, { fmrAt });

    expect(evidence?.warnings).toEqual(['duplicate_images']);
    expect(evidence).not.toHaveProperty('fmr');
  });
});

describe('two copies of one photo', () => {
  const resaved = photos({
    front_image2: faceAt(0.9, { contentDigest: 'saved again', perceptualHash: '0000000000000003' }),
  });
  const sameFile = photos({
    front_image3: faceAt(1, { contentDigest: 'back_image', perceptualHash: HASHES.back_image }),
  });

  it('are reported in the evidence of both, and decided nevertheless', async () => {
    const { outcome, evidence, duplicates } = await verify(resaved);

    expect(outcome).toMatchObject({ ok: true, matched: true });
    expect(evidence?.warnings).toEqual(['duplicate_images']);
    expect(evidence?.images.front_image1.warnings).toEqual(['near_identical_to_front_image2']);
    expect(evidence?.images.front_image2.warnings).toEqual(['near_identical_to_front_image1']);
    expect(evidence?.images.front_image3.warnings).toEqual([]);
    expect(duplicates).toHaveLength(1);
  });

  it('are reported separately if the files are identical, also for a front and the reference', async () => {
    const { evidence } = await verify(sameFile);

    expect(evidence?.images.front_image3.warnings).toEqual(['identical_to_back_image']);
    expect(evidence?.images.back_image.warnings).toEqual(['identical_to_front_image3']);
  });

  it('are refused without a decision if the policy says so', async () => {
    for (const found of [resaved, sameFile]) {
      const { outcome, evidence } = await verify(found, { duplicatePolicy: 'reject' });

      expect(outcome).toMatchObject({ ok: false, code: 'duplicate_image', retryable: false });
      expect(outcome).not.toHaveProperty('matched');
      expect(evidence).toMatchObject({ matches: 0, warnings: ['duplicate_images'] });
    }
  });
});
