import { parseArgs } from 'node:util';

/** The halves of the deployment test. */
const HALVES = ['compose', 'chart'] as const;
export type Half = (typeof HALVES)[number];

/** Returns the half that `--only` names; undefined for both. @throws Error for any other word. */
export function readHalf(args: readonly string[]): Half | undefined {
  const { only } = parseArgs({ args: [...args], options: { only: { type: 'string' } } }).values;
  if (only === undefined) return undefined;
  const half = HALVES.find((known) => known === only);
  if (!half) throw new Error(`--only needs compose or chart, not ${only}`);
  return half;
}
