import { describe, expect, it } from 'vitest';
import type { ComparisonCosts } from '../../../../bench/simulation/service-model.js';
import { simulateService } from '../../../../bench/simulation/simulate-service.js';

const PHOTO = [30];
/** Comparisons that only need vision processes. */
const COSTS: ComparisonCosts = {
  visionMs: [PHOTO, PHOTO, PHOTO, PHOTO],
  fetchMs: 0,
  handOverMs: 0,
  hostMs: 0,
  networkMs: 0,
  disagreeing: 0,
  apiMs: 0,
  listenMs: 0,
  redisMs: 0,
  workerMs: 0,
};
const TWO_CORES = { cores: { count: 2 }, processes: 2, senderMs: 0, others: { cores: 0, burstsMs: [1] } };
const PERIOD = { warmUpSeconds: 2, seconds: 20 };

const simulate = (costs: Partial<ComparisonCosts>, callers: number) =>
  simulateService({
    costs: { ...COSTS, ...costs },
    machines: TWO_CORES,
    load: { callers },
    period: PERIOD,
    runs: 1,
  });

describe('simulateService', () => {
  it('analyses three photos of a comparison when the machine is busy', () => {
    const { perSecond, utilisation } = simulate({}, 16);
    expect(perSecond).toBeCloseTo((2 * 1_000) / (3 * PHOTO[0]!), 0);
    expect(utilisation.vision).toBeCloseTo(1, 2);
  });

  it('lets an idle process analyse the fourth photo, which then delays the next comparison', () => {
    const { perSecond, latencyMs } = simulate({}, 1);
    // Reference and first front, then second front: the third front, begun beside it, ends at the same time.
    expect(latencyMs.p50).toBeCloseTo(2 * PHOTO[0]!, 6);
    expect(perSecond).toBeCloseTo(1_000 / (2 * PHOTO[0]!), 0);
  });

  it('analyses every photo if the fronts disagree', () => {
    // Of three fronts, each wrong half of the time, the first two differ in half of the cases.
    const { perSecond } = simulate({ disagreeing: 0.5 }, 16);
    expect(perSecond).toBeCloseTo((2 * 1_000) / (3.5 * PHOTO[0]!), 0);
  });

  it('takes more comparisons while others wait for distant hosts', () => {
    // Two processes take four jobs, so without the places for slow jobs there would be four answers a second.
    expect(simulate({ networkMs: 1_000 }, 64).perSecond).toBeGreaterThan(12);
    expect(simulate({ networkMs: 1_000 }, 4).perSecond).toBeLessThan(4);
  });

  it('keeps a process waiting while the worker hands a photo over and receives its result', () => {
    const { perSecond } = simulateService({
      costs: { ...COSTS, handOverMs: 10 },
      machines: { ...TWO_CORES, processes: 1 },
      load: { callers: 16 },
      period: PERIOD,
      runs: 1,
    });
    expect(perSecond).toBeCloseTo(1_000 / (3 * (PHOTO[0]! + 10)), 0);
  });

  it('shares the cores among all programs', () => {
    const { perSecond } = simulate({ apiMs: 10, workerMs: 10, redisMs: 10 }, 32);
    expect(perSecond).toBeCloseTo((2 * 1_000) / (3 * PHOTO[0]! + 30), 0);
  });

  it('lets other programs take their share of the cores at once', () => {
    const simulateOthers = (burstMs: number, callers: number) =>
      simulateService({
        costs: COSTS,
        machines: { ...TWO_CORES, others: { cores: 0.1, burstsMs: [burstMs] } },
        load: { callers },
        period: { warmUpSeconds: 2, seconds: 60 },
        runs: 1,
      });
    expect(simulateOthers(20, 16).perSecond).toBeCloseTo((1.9 * 1_000) / (3 * PHOTO[0]!), 0);
    // The same share in one piece hits fewer comparisons, but those hard.
    const [rare, steady] = [simulateOthers(50, 1).latencyMs, simulateOthers(1, 1).latencyMs];
    expect(rare.p99).toBeGreaterThan(steady.p99 + 20);
    expect(rare.p50).toBeLessThan(steady.p50 + 1);
  });

  it('gives the same result for the same options, and a machine more its own throughput', () => {
    const fleet = (machines: number) =>
      simulateService({
        costs: { ...COSTS, visionMs: [[10, 50], PHOTO, PHOTO, PHOTO] },
        machines: { machines, cores: 2, apis: 2 },
        load: { callers: 64 },
        period: PERIOD,
        runs: 2,
      });
    expect(fleet(2)).toEqual(fleet(2));
    expect(fleet(2).perSecond / fleet(1).perSecond).toBeCloseTo(2, 1);
  });
});
