/** Yields numbers in [0, 1), the same row for the same seed on every machine. */
export type Random = () => number;

const WEYL_STEP = 0x6d2b79f5;

/**
 * Returns a generator of pseudo-random numbers of 53 bits. Good enough to draw samples, useless for secrets.
 * @see Mulberry32 by Tommy Ettinger (public domain)
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next32 = (): number => {
    state = (state + WEYL_STEP) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return () => ((next32() >>> 5) * 2 ** 26 + (next32() >>> 6)) / 2 ** 53;
}

/**
 * Returns `count` different whole numbers of 0 … total − 1 in ascending order, each set equally likely; all of them when
 * there are no more. Time and memory: `count`, however large `total` is.
 * @see Bentley and Floyd, A sample of brilliance, 1987
 */
export function drawSample(total: number, count: number, random: Random): readonly number[] {
  if (count >= total) return Array.from({ length: total }, (_, index) => index);
  const drawn = new Set<number>();
  for (let last = total - count; last < total; last++) {
    const candidate = Math.floor(random() * (last + 1));
    drawn.add(drawn.has(candidate) ? last : candidate);
  }
  return [...drawn].sort((left, right) => left - right);
}
