import { describe, expect, it } from 'vitest';
import {
  createDeliverySlots,
  type DeliverySlot,
  type DeliverySlots,
  type SlotAnswer,
} from '../../../../src/worker/webhooks/delivery-slots.js';

/** Slots with limits that a test reaches only if it sets them. */
function slotsOf(limits: { total?: number; perHost?: number; now?: () => number }): DeliverySlots {
  return createDeliverySlots({ total: 100, perHost: 100, now: () => 0, ...limits });
}

function taken(answer: SlotAnswer): DeliverySlot {
  if (answer.kind !== 'taken') throw new Error('the slot was not taken');
  return answer.slot;
}

function waitOf(answer: SlotAnswer): number {
  return answer.kind === 'busy' ? answer.retryInMs : Number.NaN;
}

/** Takes slots of a tenant, each for another host, until none is left; returns how many. */
function takeAll(slots: DeliverySlots, tenant: string): number {
  for (let count = 0; ; count += 1) if (slots.take(tenant, `${count}.example`).kind === 'busy') return count;
}

describe('the slots of one host', () => {
  it('are no more than the limit', () => {
    const slots = slotsOf({ perHost: 2 });

    const kinds = [1, 2, 3].map(() => slots.take('acme', 'slow.example').kind);

    expect(kinds).toEqual(['taken', 'taken', 'busy']);
  });

  it('leave another host its own', () => {
    const slots = slotsOf({ perHost: 1 });
    slots.take('acme', 'slow.example');

    expect(slots.take('acme', 'fast.example').kind).toBe('taken');
  });

  it('leave another tenant its own at the same host', () => {
    const slots = slotsOf({ perHost: 1 });
    slots.take('acme', 'shared.example');

    expect(slots.take('globex', 'shared.example').kind).toBe('taken');
  });

  it('go to the next when they are released', () => {
    const slots = slotsOf({ perHost: 1 });
    taken(slots.take('acme', 'slow.example')).release();

    expect(slots.take('acme', 'slow.example').kind).toBe('taken');
  });
});

describe('the places at one address', () => {
  it('are no more than the limit, whatever names lead there', () => {
    const slots = slotsOf({ perHost: 2 });

    const waits = [1, 2, 3].map((name) =>
      taken(slots.take('acme', `${name}.example`)).claimAddresses(['192.0.2.1']),
    );

    expect(waits).toEqual([undefined, undefined, 250]);
  });

  it('are counted at every address of a name, each once, and taken at none when one is full', () => {
    const slots = slotsOf({ perHost: 1 });
    taken(slots.take('acme', '1.example')).claimAddresses(['192.0.2.1', '192.0.2.1']);

    const both = taken(slots.take('acme', '2.example')).claimAddresses(['192.0.2.2', '192.0.2.1']);
    const other = taken(slots.take('acme', '3.example')).claimAddresses(['192.0.2.2']);

    expect([both, other]).toEqual([250, undefined]);
  });

  it('leave another tenant its own at the same address', () => {
    const slots = slotsOf({ perHost: 1 });
    taken(slots.take('acme', '1.example')).claimAddresses(['192.0.2.1']);

    expect(taken(slots.take('globex', '2.example')).claimAddresses(['192.0.2.1'])).toBeUndefined();
  });

  it('are released with the slot, and not claimed after it', () => {
    const slots = slotsOf({ perHost: 1 });
    const first = taken(slots.take('acme', '1.example'));
    first.claimAddresses(['192.0.2.1']);
    first.release();

    expect(first.claimAddresses(['192.0.2.1'])).toBeGreaterThan(0);
    expect(taken(slots.take('acme', '2.example')).claimAddresses(['192.0.2.1'])).toBeUndefined();
  });
});

describe('the share of one tenant', () => {
  it.each([
    [50, 25],
    [3, 2],
    [2, 1],
    [1, 1],
  ])('of %i slots that nobody else uses is %i', (total, share) => {
    expect(takeAll(slotsOf({ total }), 'greedy')).toBe(share);
  });

  it('leaves some to the next after four greedy tenants', () => {
    const slots = slotsOf({ total: 50 });
    for (let tenant = 0; tenant < 4; tenant += 1)
      expect(takeAll(slots, `greedy-${tenant}`)).toBeGreaterThan(0);

    expect(slots.take('late', 'fast.example').kind).toBe('taken');
  });

  it('grows again when others release theirs', () => {
    const slots = slotsOf({ total: 3 });
    const other = taken(slots.take('other', 'a.example'));
    expect(takeAll(slots, 'acme')).toBe(1);

    other.release();

    expect(slots.take('acme', 'b.example').kind).toBe('taken');
  });
});

describe('jobs without a slot', () => {
  it('return one after the other at the pace of the host', () => {
    let now = 0;
    const slots = slotsOf({ perHost: 1, now: () => now });
    const first = taken(slots.take('acme', 'slow.example'));
    now = 10_000;
    first.release();
    slots.take('acme', 'slow.example');

    const waits = [1, 2, 3].map(() => waitOf(slots.take('acme', 'slow.example')));

    // A fifth of the 10 s it took and four fifths of the 0.2 s it was taken to last: 2.16 s a job.
    expect(waits).toEqual([250, 2_410, 4_570]);
  });

  it('return at the pace of unfinished deliveries if those take longer', () => {
    let now = 0;
    const slots = slotsOf({ perHost: 2, now: () => now });
    slots.take('acme', 'silent.example');
    slots.take('acme', 'silent.example');
    now = 8_000;

    const waits = [1, 2, 3].map(() => waitOf(slots.take('acme', 'silent.example')));

    expect(waits).toEqual([250, 4_250, 8_250]);
  });

  it('wait no less than a quarter of a second and no more than a minute', () => {
    let now = 0;
    const slots = slotsOf({ perHost: 1, now: () => now });
    const first = taken(slots.take('acme', 'slow.example'));
    now = 100_000;
    first.release();
    slots.take('acme', 'slow.example');

    for (let job = 0; job < 50; job += 1) {
      const wait = waitOf(slots.take('acme', 'slow.example'));
      expect(wait).toBeGreaterThanOrEqual(250);
      expect(wait).toBeLessThanOrEqual(60_000);
    }
  });
});
