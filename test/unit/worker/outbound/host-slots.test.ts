import { describe, expect, it } from 'vitest';
import { createHostSlots, type SlotAnswer } from '../../../../src/worker/outbound/host-slots.js';

function release(answer: SlotAnswer): void {
  if (answer.kind !== 'taken') throw new Error('the slot was not taken');
  answer.release();
}

describe('createHostSlots', () => {
  it('gives one host no more slots than the limit', () => {
    const slots = createHostSlots(2, () => 0);

    const kinds = [1, 2, 3].map(() => slots.take('slow.example').kind);

    expect(kinds).toEqual(['taken', 'taken', 'busy']);
  });

  it('gives another host its slots while one is busy', () => {
    const slots = createHostSlots(1, () => 0);
    slots.take('slow.example');

    expect(slots.take('fast.example').kind).toBe('taken');
  });

  it('gives a released slot to the next', () => {
    const slots = createHostSlots(1, () => 0);
    release(slots.take('slow.example'));

    expect(slots.take('slow.example').kind).toBe('taken');
  });

  it('calls waiting jobs back one after the other at the pace of the host', () => {
    let now = 0;
    const slots = createHostSlots(1, () => now);
    const first = slots.take('slow.example');
    now = 10_000;
    release(first);
    slots.take('slow.example');

    const waits = [1, 2, 3].map(() => {
      const answer = slots.take('slow.example');
      return answer.kind === 'busy' ? answer.retryInMs : Number.NaN;
    });

    // A fifth of the 10 s it took and four fifths of the 0.2 s it was taken to last: 2.16 s a job.
    expect(waits).toEqual([250, 2_410, 4_570]);
  });

  it('never sends a job away for less than a quarter of a second or more than a minute', () => {
    let now = 0;
    const slots = createHostSlots(1, () => now);
    const first = slots.take('slow.example');
    now = 100_000;
    release(first);
    slots.take('slow.example');

    for (let job = 0; job < 50; job += 1) {
      const answer = slots.take('slow.example');
      const wait = answer.kind === 'busy' ? answer.retryInMs : Number.NaN;
      expect(wait).toBeGreaterThanOrEqual(250);
      expect(wait).toBeLessThanOrEqual(60_000);
    }
  });
});
