import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openVision } from '../../src/cli/local/open-vision.js';
import { FRONT_IMAGES } from '../../src/shared/contract/compare-request.js';
import { SHADOW_RESULTS, type ShadowResult } from '../../src/shared/shadow/shadow-job.js';
import { findDoubt } from '../../src/worker/verification/withhold-doubtful.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { makeSecondPack, type SecondPack } from '../support/builders/second-pack.js';
import { otherPersonPhoto, photoWithoutFace, samePersonPhotos } from '../support/photos/photos.js';
import { dataUrlOf, UPLOAD_KEY } from '../support/photos/upload-photos.js';
import {
  asLimitedUser,
  metricsUrlOf,
  type Program,
  type Service,
  startService,
  startWorker,
} from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

/** Between the similarities of the probes with the second pack, so that some decisions change. */
const SHADOW_THRESHOLD = 0.63;
const LIVE_THRESHOLD = 0.5;

let pack: SecondPack;
let images: ImageServer;
let service: Service;
let shadow: Program;
let redis: Redis;
let reference: Buffer;
/** The photos that take turns as fronts, and the URL of each. */
let fronts: readonly Buffer[];
let env: Record<string, string>;
const urlOf = new Map<Buffer, string>();

beforeAll(async () => {
  // For the run by hand.
  vi.stubEnv('VISION_PROCESSES', '1');
  pack = makeSecondPack();
  images = await startImageServer();
  const [first, ...probes] = await samePersonPhotos();
  reference = first as Buffer;
  fronts = [...probes, await otherPersonPhoto(), await photoWithoutFace()];
  for (const [index, photo] of [reference, ...fronts].entries())
    urlOf.set(photo, images.serve(`/${index}.jpg`, photo));
  env = {
    UPLOAD_KEYS: UPLOAD_KEY,
    SHADOW_MODEL: pack.folder,
    SHADOW_SHARE: '1',
    SHADOW_THRESHOLD: String(SHADOW_THRESHOLD),
    WORKER_CONCURRENCY: '8',
  };
  service = await startService({ env });
  shadow = await startShadow();
  redis = new Redis(service.redis.url);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  redis?.disconnect();
  await shadow?.stop();
  await service?.stop();
  await images?.stop();
  pack?.remove();
});

const startShadow = (): Promise<Program> =>
  startWorker(asLimitedUser(service.redis.url), {
    ...env,
    INSIGHTFACE_MODEL: pack.folder,
    SHADOW_OF: 'lite',
  });

/** The body of a request with these fronts, as URLs or as photos. */
function bodyOf(photos: readonly Buffer[], show: (photo: Buffer) => string | undefined) {
  return {
    user_id: 'u-1',
    back_image: show(reference),
    ...Object.fromEntries(FRONT_IMAGES.map((name, index) => [name, show(photos[index] as Buffer)])),
  };
}
const byUrl = (photo: Buffer): string | undefined => urlOf.get(photo);

/** Every choice of three fronts. */
function* triples(): Generator<readonly [Buffer, Buffer, Buffer]> {
  for (const [i, one] of fronts.entries())
    for (const [j, two] of fronts.entries())
      for (const [k, three] of fronts.entries()) if (i < j && j < k) yield [one, two, three];
}

/** Returns the similarity of each front with a pack; undefined without a face, or if it decides nothing. */
async function measureByHand(
  model: string,
  threshold: number,
): Promise<ReadonlyMap<Buffer, number | undefined>> {
  const vision = await openVision(model, () => undefined);
  try {
    const { embedding, doubtMargin } = await vision.analyse(reference);
    const measured = fronts.map(async (photo) => {
      const analysis = await vision.analyse(photo).catch(() => undefined);
      if (!analysis) return [photo, undefined] as const;
      const similarity = compareEmbeddings(analysis.embedding, embedding);
      const margins = [analysis.doubtMargin, doubtMargin] as const;
      return [photo, findDoubt(similarity, { threshold, margins }) ? undefined : similarity] as const;
    });
    return new Map(await Promise.all(measured));
  } finally {
    await vision.close();
  }
}

/** Two of three fronts must match. */
function decideByHand(
  photos: readonly Buffer[],
  similarities: ReadonlyMap<Buffer, number | undefined>,
  threshold: number,
): ShadowResult {
  const known = photos.map((photo) => similarities.get(photo));
  const matches = known.filter((similarity) => similarity !== undefined && similarity >= threshold).length;
  if (matches >= 2) return 'matched';
  const open = known.filter((similarity) => similarity === undefined).length;
  return matches + open < 2 ? 'not_matched' : 'could_not_tell';
}

/** Returns the samples of one metric of a program, by their labels. */
async function readSamples(program: Program, metric: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(await metricsUrlOf(program))).text();
  const samples = text.matchAll(new RegExp(`^${metric}(?:\\{(.*)\\})? (\\S+)$`, 'gm'));
  return new Map(
    [...samples].map(([, labels = '', value]) => [
      labels
        .split(',')
        .filter((label) => !label.startsWith('service='))
        .sort()
        .join(','),
      Number(value),
    ]),
  );
}

const sum = (samples: ReadonlyMap<string, number>): number =>
  [...samples.values()].reduce((total, value) => total + value, 0);

const shadowKeysLeft = async (): Promise<string[]> =>
  (await redis.keys('*')).filter((key) => /:shadow/.test(key));

async function untilCounted(count: number): Promise<void> {
  await vi.waitFor(async () => {
    const counted = sum(await readSamples(shadow, 'face_shadow_comparisons_total'));
    expect(counted + sum(await readSamples(shadow, 'face_shadow_not_compared_total'))).toBe(count);
  }, 60_000);
}

describe('a shadow', () => {
  it('counts what a run of both packs by hand finds, while callers get the answers of the live pack', async () => {
    const [live, other] = await Promise.all([
      measureByHand('lite', LIVE_THRESHOLD),
      measureByHand(pack.folder, SHADOW_THRESHOLD),
    ]);
    const all = [...triples()];
    // A prime step, so that all kinds of fronts take part.
    const choices = Array.from({ length: 8 }, (_, index) => all[(index * 7) % all.length] ?? []);
    const uploaded = choices.slice(0, 2);

    const answers = await Promise.all([
      ...choices.map((photos) => service.post('/compare-faces', bodyOf(photos, byUrl))),
      ...uploaded.map((photos) => service.post('/compare-faces', bodyOf(photos, dataUrlOf))),
    ]);

    const asked = [...choices, ...uploaded];
    const expected = asked.map((photos) => decideByHand(photos, live, LIVE_THRESHOLD));
    expect(answers.map(({ status, body }) => (status === 200 ? body.matched : body.code))).toEqual(
      expected.map((result) => (result === 'could_not_tell' ? 'face_not_found' : result === 'matched')),
    );
    await untilCounted(asked.length);
    const pairs = asked.map((photos, index) => {
      const result = decideByHand(photos, other, SHADOW_THRESHOLD);
      return `live="${expected[index]}",shadow="${result}"`;
    });
    expect(new Set(pairs).size).toBeGreaterThan(3);
    const counts = SHADOW_RESULTS.flatMap((before) =>
      SHADOW_RESULTS.map((after) => `live="${before}",shadow="${after}"`),
    ).map((pair) => [pair, pairs.filter((each) => each === pair).length]);
    expect(await readSamples(shadow, 'face_shadow_comparisons_total')).toEqual(new Map(counts as []));
    const changes = pairs.filter((pair) => !/live="(\w+)",shadow="\1"/.test(pair)).length;
    const summary = await fetch((await metricsUrlOf(shadow)).replace('/metrics', '/shadow'));
    expect(await summary.text()).toContain(`Of ${asked.length} comparisons ${changes} would change.`);
    await vi.waitFor(async () => expect(await shadowKeysLeft()).toEqual([]), 60_000);
  });

  it('repeats a request with the threshold that it would get, and counts a rate that its pack cannot give', async () => {
    const before = sum(await readSamples(shadow, 'face_shadow_comparisons_total'));
    const photos = fronts.slice(0, 3);
    const body = bodyOf(photos, byUrl);
    // At SHADOW_THRESHOLD the second pack would find fewer matches, at this one it finds all.
    const own = await service.post('/compare-faces', { ...body, threshold: 0.55, min_matches: 3 });
    const rate = await service.post('/compare-faces', { ...body, fmr: 1e-4 });
    await service.post('/compare-faces', { ...body, min_matches: 3 });

    expect([own.body.matched, rate.body.matched]).toEqual([true, true]);
    await vi.waitFor(async () => {
      const lines = shadow.lines.filter(({ msg }) => /^shadow (?:not )?compar/.test(String(msg)));
      expect(lines).toHaveLength(before + 3);
      const said = lines.slice(before).map((line) => line.shadow ?? line.reason);
      expect(said.toSorted()).toEqual(['matched', 'no_calibration', 'not_matched']);
    }, 60_000);
  });

  it('harms nobody when it is gone: its queue is bounded, and a person can be erased from it', async () => {
    shadow.process.kill('SIGKILL');
    const [photos] = [...triples()];
    const body = bodyOf(photos ?? [], dataUrlOf);

    const answer = await service.post('/compare-faces', { ...body, user_id: 'jane' });

    expect(answer.body).toEqual({ user_id: 'jane', matched: true });
    await vi.waitFor(async () => {
      const places = (await shadowKeysLeft()).map((key) => key.replace(/^\{face\}:(shadow[a-z-]*).*/, '$1'));
      expect(new Set(places)).toEqual(new Set(['shadow', 'shadow-job', 'shadow-photo', 'shadow-uploads']));
    }, 60_000);
    for (const key of await shadowKeysLeft())
      if (!key.includes('uploads')) expect(await redis.pttl(key)).toBeGreaterThan(0);
    const { body: erased } = await service.call('/users/jane/jobs', { method: 'DELETE' });
    expect(erased).toEqual({ erased: 1, running: 0 });
    expect((await shadowKeysLeft()).filter((key) => !/:shadow:/.test(key))).toEqual([]);
  });
});
