import { describe, expect, it } from 'vitest';
import type { CostsReport } from '../../../../bench/scale/measure-costs.js';
import { MAX_LOAD, queueCosts, queueLimit, sizeFleet } from '../../../../bench/scale/size-fleet.js';

const ROUTE = {
  count: 100,
  perSecond: 20,
  redisCommands: 70,
  redisScripts: 6,
  redisCpuMs: 1,
  redisBytes: 10_000,
  storedBytes: 2_000,
  apiCpuMs: 3,
  listenerCpuMs: 1,
  workerCpuMs: 5,
  callerBytes: 1_000,
} as const;
const COSTS: CostsReport = {
  idle: { redisCommandsPerSecond: 5, redisBytesPerSecond: 500, redisCpuMsPerSecond: 1 },
  routes: [
    { ...ROUTE, route: 'sync' },
    { ...ROUTE, route: 'webhook', redisCpuMs: 2 },
    { ...ROUTE, route: 'bare', redisCpuMs: 0.5, apiCpuMs: 1.5, listenerCpuMs: 0.3 },
  ],
  kinds: [
    {
      kind: '2mp',
      cpuMs: { api: 3, redis: 1, worker: 6, vision: 66, images: 0, load: 0 },
      photoBytes: 2_000_000,
    },
  ],
  waitingBytes: { url: 2_000, upload: 400_000, uploadedPhotos: 340_000 },
  memoryMb: { api: 130, worker: 220, vision: 190 },
};
const INPUT = {
  kind: '2mp',
  route: 'sync',
  workerCores: 4,
  coreHourPrice: 0.05,
  retentionSeconds: 1_000,
} as const;

describe('sizeFleet', () => {
  it('multiplies the measured costs by the rate', () => {
    const size = sizeFleet(COSTS, { ...INPUT, perMinute: 1_200 });
    expect(size).toMatchObject({ perSecond: 20, shards: 1, workers: 1, apis: 2, cores: 7 });
    expect(size.busyCores.vision).toBeCloseTo(20 * 0.066, 9);
    // Each of two APIs reads the events of all; its own are part of the cost of its requests.
    expect(size.busyCores.api).toBeCloseTo(20 * 0.0015 + 20 * 0.0003, 9);
    expect(size.redis).toMatchObject({ commandsPerSecond: 1_400, storedGb: 0.04 });
    expect(size.photoMbitPerSecond).toBeCloseTo(320, 9);
    expect(size.coreHoursPerMillion).toBeCloseTo(((66 + 6 + 1.5 + 0.5) / MAX_LOAD / 3_600_000) * 1e6, 9);
    expect(size.pricePerMillion).toBeCloseTo(size.coreHoursPerMillion * 0.05, 9);
  });

  it('splits the service before Redis or the events fill a core', () => {
    const limit = queueLimit(queueCosts(COSTS, 'sync'));
    expect(limit.redis).toBeCloseTo(1_200, 9);
    expect(limit.listening).toBeCloseTo(1_000, 9);
    expect(sizeFleet(COSTS, { ...INPUT, perMinute: 59_000 }).shards).toBe(1);
    const size = sizeFleet(COSTS, { ...INPUT, perMinute: 61_000 });
    expect(size.shards).toBe(2);
    expect(size.workers % 2).toBe(0);
  });

  it('counts what a route costs more than a synchronous comparison', () => {
    expect(queueCosts(COSTS, 'webhook').redisMs).toBeCloseTo(2 * queueCosts(COSTS, 'sync').redisMs, 9);
  });

  it('names what was not measured', () => {
    expect(() => sizeFleet(COSTS, { ...INPUT, kind: '12mp', perMinute: 1 })).toThrow(/12mp/);
    expect(() => sizeFleet(COSTS, { ...INPUT, route: 'batch', perMinute: 1 })).toThrow(/batch/);
  });
});
