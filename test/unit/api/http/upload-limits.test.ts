import { describe, expect, it } from 'vitest';
import { createBodyMemory } from '../../../../src/api/http/upload-limits.js';

/** Returns the turns of the event loop that `work` takes. */
async function countTurns(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let next: NodeJS.Immediate;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  next = setImmediate(count);
  await work();
  clearImmediate(next);
  return turns;
}

describe('createBodyMemory', () => {
  it('spreads large bodies over turns of the event loop, of all requests together', async () => {
    const memory = createBodyMemory(0);

    const alone = await countTurns(() => memory.turn(262_144));
    const ten = await countTurns(() => Promise.all(Array.from({ length: 10 }, () => memory.turn(65_536))));

    expect(alone).toBe(0);
    // Four in each turn.
    expect(ten).toBeGreaterThanOrEqual(2);
    expect(ten).toBeLessThanOrEqual(4);
  });
});
