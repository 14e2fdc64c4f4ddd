import { hash } from 'node:crypto';
import { createRandom } from '../../tools/evaluate/plan/random.js';

/** Repeatable random choices: the same seed and name give the same numbers in the same order. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  between(min: number, max: number): number;
  /** Between 0.5 and 1.5 times `mean`. */
  around(mean: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

/** Returns the random choices of one fault or job, independent of all others. */
export function createNamedRandom(seed: number, name: string): Random {
  const next = createRandom(hash('sha256', `${seed}/${name}`, 'buffer').readUInt32LE(0));
  return {
    next,
    between: (min, max) => min + next() * (max - min),
    around: (mean) => mean * (0.5 + next()),
    pick: (choices) => choices[Math.floor(next() * choices.length)] ?? choices[0],
  };
}
