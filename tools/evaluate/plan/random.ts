/** Returns the next number in [0, 1). */
export type Random = () => number;

const WEYL_STEP = 0x6d2b79f5;

/**
 * Returns a generator of 53-bit pseudo-random numbers: the same sequence for the same seed on every machine. For samples,
 * not for secrets.
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
 * Returns `count` different whole numbers of 0 … total − 1 in ascending order, each set with equal probability; all numbers
 * if there are not more. Time and memory: O(count).
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
