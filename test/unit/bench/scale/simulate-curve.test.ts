import { describe, expect, it } from 'vitest';
import type { CurveRun, MeasuredCurve } from '../../../../bench/scale/measure-curve.js';
import { simulateCurve } from '../../../../bench/scale/simulate-curve.js';

// Slow photos, so that the simulations are short.
const CPU_MS = { api: 0, redis: 0, worker: 0, vision: 900, images: 0, load: 0 };
const LATENCY = { count: 100, p50: 600, p95: 600, p99: 600, max: 600 };
const RUN: CurveRun = {
  seconds: 80,
  perSecond: 2,
  latencyMs: LATENCY,
  othersCores: 0,
  cpuMs: CPU_MS,
  photoMs: 300,
};
const CURVE: MeasuredCurve = {
  kind: '2mp',
  cores: 2,
  capacity: 2.2,
  aloneRatio: 1,
  handOverMs: 0,
  burstsMs: [10],
  visionMs: [[300], [300], [300], [300]],
  cpuMs: CPU_MS,
  points: [{ callers: 8, pauseMs: 0, runs: [RUN] }],
};

const simulate = (change: Partial<CurveRun>, load: object = { callers: 1 }) => {
  const point = { pauseMs: 0, ...load, runs: [{ ...RUN, ...change }] };
  return simulateCurve({ ...CURVE, points: [...CURVE.points, point] }).points[1]!;
};

describe('simulateCurve', () => {
  it('predicts throughput and latency from processor times alone', () => {
    const [full] = simulateCurve(CURVE).points;
    expect(full?.simulated.perSecond).toBeCloseTo(2_000 / 900, 1);
    expect(full?.error.perSecond).toBeCloseTo(2_000 / 900 / RUN.perSecond - 1, 1);
    const { simulated, error } = simulate({});
    expect(simulated.latencyMs.p50).toBeCloseTo(600, 6);
    expect(error.p50).toBeCloseTo(0, 6);
  });

  it('takes a photo to be as slow as it was beside the run', () => {
    expect(simulate({ photoMs: 450 }).simulated.latencyMs.p50).toBeCloseTo(900, 6);
  });

  it('adds what photos cost more beside the service than alone', () => {
    const full = { ...CURVE.points[0]!, runs: [{ ...RUN, cpuMs: { ...CPU_MS, vision: 990 } }] };
    const [point] = simulateCurve({ ...CURVE, points: [full] }).points;
    expect(point?.simulated.perSecond).toBeCloseTo(2_000 / 990, 1);
  });

  it('sends the arrivals of the measured run', () => {
    const run = { offeredPerSecond: 2, seed: 5 };
    const { simulated } = simulate(run, { part: 0.9 });
    expect(simulated.latencyMs.count).toBe(160);
    expect(simulated.latencyMs).not.toEqual(simulate({ ...run, seed: 6 }, { part: 0.9 }).simulated.latencyMs);
  });

  it('compares random arrivals at the same share of the capacity', () => {
    const { capacityRatio } = simulateCurve(CURVE);
    expect(capacityRatio).toBeCloseTo(RUN.perSecond / (2_000 / 900), 1);
    const { utilisation, perSecond } = simulate(
      { offeredPerSecond: 1.6, seed: 1, seconds: 300 },
      { part: 0.8 },
    ).simulated;
    expect(perSecond).toBeCloseTo(0.8 * (2_000 / 900), 1);
    expect(utilisation.vision).toBeGreaterThan(0.8);
  });

  it('compares the medians of the runs', () => {
    const runs = [500, 600, 4_000].map((p50) => ({ ...RUN, latencyMs: { ...LATENCY, p50 } }));
    const point = simulateCurve({ ...CURVE, points: [CURVE.points[0]!, { callers: 1, pauseMs: 0, runs }] })
      .points[1];
    expect(point?.measured.latencyMs.p50).toBe(600);
    expect(point?.error.p50).toBeCloseTo(0, 6);
  });
});
