import { describe, expect, it } from 'vitest';
import { createReferenceCache } from '../../../../src/worker/verification/reference-cache.js';
import type { FaceAnalysis } from '../../../../src/worker/vision/types.js';

/** Every copy ever made of an embedding, the cache's own among them. */
const copies: Float32Array[] = [];

class WatchedEmbedding extends Float32Array {
  override slice(): WatchedEmbedding {
    const copy = new WatchedEmbedding(super.slice());
    copies.push(copy);
    return copy;
  }
}

const photo = (seed: number) => Uint8Array.of(seed, 1, 2, 3);

function analysisOf(seed: number): FaceAnalysis {
  return {
    embedding: new WatchedEmbedding(512).fill(seed),
    face: { box: { x: 0, y: 0, width: 10, height: 10 }, score: 1, landmarks: new Float32Array(10) },
    quality: { score: 1, sharpness: 1, brightness: 128, yawDeg: 0, pitchDeg: 0, rollDeg: 0 },
    doubtMargin: 0,
    facesFound: 1,
    width: 10,
    height: 10,
    contentDigest: '00',
    perceptualHash: '0000000000000000',
    warnings: [],
    timingsMs: { decode: 5 },
  };
}

function setUp(options: { size?: number; lifetimeMs?: number } = {}) {
  const lookups: string[] = [];
  let analysed = 0;
  const cache = createReferenceCache({
    size: options.size ?? 10,
    lifetimeMs: options.lifetimeMs ?? 60_000,
    onLookup: (result) => lookups.push(result),
  });
  const ask = (seed: number) =>
    cache.analyse(photo(seed), async () => {
      analysed += 1;
      return analysisOf(seed);
    });
  copies.length = 0;
  return { cache, ask, lookups, analysed: () => analysed };
}

describe('createReferenceCache', () => {
  it('analyses a photo once and then returns its embedding without timings', async () => {
    const { ask, lookups, analysed } = setUp();

    const first = await ask(7);
    const second = await ask(7);

    expect(analysed()).toBe(1);
    expect([...second.embedding]).toEqual([...first.embedding]);
    expect(second.timingsMs).toEqual({});
    expect(lookups).toEqual(['miss', 'hit']);
  });

  it('keeps its copy when the caller overwrites what it got', async () => {
    const { ask } = setUp();
    (await ask(7)).embedding.fill(0);
    (await ask(7)).embedding.fill(0);

    expect((await ask(7)).embedding[0]).toBe(7);
  });

  it('distinguishes photos by their content', async () => {
    const { ask, analysed } = setUp();
    await ask(1);

    expect((await ask(2)).embedding[0]).toBe(2);
    expect(analysed()).toBe(2);
  });

  it('does not cache failures', async () => {
    const { cache, ask } = setUp();
    await expect(cache.analyse(photo(1), () => Promise.reject(new Error('broken')))).rejects.toThrow();

    expect((await ask(1)).embedding[0]).toBe(1);
  });

  it('overwrites evicted embeddings with zeros', async () => {
    const { ask } = setUp({ size: 1 });
    await ask(1);
    const [ofFirst] = copies;
    expect(ofFirst?.[0]).toBe(1);

    await ask(2);

    expect(ofFirst?.every((value) => value === 0)).toBe(true);
  });

  it('expires entries on its own, without a look-up', async () => {
    const { ask } = setUp({ lifetimeMs: 20 });
    await ask(1);
    const [kept] = copies;

    await expect.poll(() => kept?.every((value) => value === 0)).toBe(true);
  });

  it('does not live longer by being used', async () => {
    const { ask, lookups } = setUp({ lifetimeMs: 30 });

    await expect.poll(async () => (await ask(1)) && lookups.filter((one) => one === 'miss').length).toBe(2);
  });

  it('overwrites everything when it is cleared', async () => {
    const { cache, ask } = setUp();
    await ask(1);
    await ask(2);

    cache.clear();

    expect(copies).toHaveLength(2);
    expect(copies.every((copy) => copy.every((value) => value === 0))).toBe(true);
  });
});
