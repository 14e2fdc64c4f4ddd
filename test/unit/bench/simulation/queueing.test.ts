import { describe, expect, it } from 'vitest';
import { createClock } from '../../../../bench/simulation/clock.js';
import { createCores } from '../../../../bench/simulation/cores.js';
import { simulateLoad } from '../../../../bench/simulation/simulate-load.js';
import { createStation } from '../../../../bench/simulation/station.js';
import { arrivalTimes } from '../../../../bench/speed/load.js';
import { createRandom, type Random } from '../../../../tools/evaluate/plan/random.js';

const MEAN_MS = 10;
const RUNS = 10;
const PERIOD = { warmUpSeconds: 10, seconds: 100 };

interface Queue {
  readonly threads: number;
  readonly cores: number;
  /** Share of the capacity that arrives. */
  readonly load: number;
  readonly draw: (random: Random) => number;
}

const arrivalsOf = (perSecond: number, seed: number): readonly number[] =>
  arrivalTimes({
    perSecond,
    seed,
    seconds: PERIOD.warmUpSeconds + PERIOD.seconds,
    arrivals: 'random',
  });
const exponential = (random: Random): number => -Math.log(1 - random()) * MEAN_MS;
const constant = (): number => MEAN_MS;

/** Returns the mean and the 99 % confidence interval of the mean time in the system over independent runs, ms. */
function simulate({ threads, cores: count, load, draw }: Queue): { mean: number; halfWidth: number } {
  const means = Array.from({ length: RUNS }, (_, run) => {
    const clock = createClock();
    const random = createRandom(run);
    const station = createStation(() => clock.now, { threads, run: createCores(clock, { count }).run });
    let [sum, answered] = [0, 0];
    const perSecond = (load * Math.min(threads, count) * 1_000) / MEAN_MS;
    simulateLoad(
      clock,
      (onAnswer) => {
        const arrivedAt = clock.now;
        station.visit(draw(random), () => {
          if (arrivedAt > PERIOD.warmUpSeconds * 1_000) {
            sum += clock.now - arrivedAt;
            answered += 1;
          }
          onAnswer(false);
        });
      },
      { load: { arrivals: arrivalsOf(perSecond, 3_000 + run) }, period: PERIOD },
    );
    return sum / answered;
  });
  const mean = means.reduce((sum, value) => sum + value, 0) / RUNS;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (RUNS - 1);
  // Student's t for 9 degrees of freedom, 99 %.
  return { mean, halfWidth: 3.25 * Math.sqrt(variance / RUNS) };
}

function expectMean(queue: Queue, theory: number): void {
  const { mean, halfWidth } = simulate(queue);
  expect(halfWidth).toBeLessThan(0.15 * theory);
  expect(Math.abs(mean - theory)).toBeLessThan(halfWidth);
}

/** Erlang's C: the probability that an arrival waits in M/M/c. */
function waitingProbability(servers: number, load: number): number {
  const offered = servers * load;
  let term = 1;
  let sum = 1;
  for (let busy = 1; busy < servers; busy++) {
    term *= offered / busy;
    sum += term;
  }
  const full = (term * offered) / servers / (1 - load);
  return full / (sum + full);
}

describe('the simulation agrees with queueing theory on', () => {
  it('M/M/1: exponential work at one thread', () => {
    expectMean({ threads: 1, cores: 1, load: 0.8, draw: exponential }, MEAN_MS / (1 - 0.8));
  });

  it('M/D/1: constant work waits half as long (Pollaczek and Khinchine)', () => {
    const wait = (0.8 * MEAN_MS) / (2 * (1 - 0.8));
    expectMean({ threads: 1, cores: 1, load: 0.8, draw: constant }, wait + MEAN_MS);
  });

  it('M/M/c: four threads with a queue in common (Erlang)', () => {
    const wait = (waitingProbability(4, 0.8) * MEAN_MS) / (4 * (1 - 0.8));
    expectMean({ threads: 4, cores: 4, load: 0.8, draw: exponential }, wait + MEAN_MS);
  });

  it('M/G/1 with processor sharing: the time depends on the mean work alone', () => {
    const sharing = { threads: Number.POSITIVE_INFINITY, cores: 1, load: 0.7 };
    expectMean({ ...sharing, draw: constant }, MEAN_MS / (1 - 0.7));
    expectMean({ ...sharing, draw: exponential }, MEAN_MS / (1 - 0.7));
  });

  it('M/M/c with processor sharing: as with one queue, if the work is exponential', () => {
    const wait = (waitingProbability(2, 0.7) * MEAN_MS) / (2 * (1 - 0.7));
    expectMean({ threads: Number.POSITIVE_INFINITY, cores: 2, load: 0.7, draw: exponential }, wait + MEAN_MS);
  });
});

describe('simulateLoad', () => {
  it('keeps as many requests under way as there are callers', () => {
    const clock = createClock();
    const station = createStation(() => clock.now, { threads: 1, run: createCores(clock, { count: 1 }).run });
    const report = simulateLoad(clock, (onAnswer) => station.visit(MEAN_MS, () => onAnswer(false)), {
      load: { callers: 5 },
      period: { warmUpSeconds: 1, seconds: 10 },
    });
    expect(report.perSecond).toBeCloseTo(1_000 / MEAN_MS, 6);
    expect(report.latencyMs.p50).toBeCloseTo(5 * MEAN_MS, 6);
  });
});

describe('cores', () => {
  it('slow down when more threads are active, as measured', () => {
    const clock = createClock();
    const cores = createCores(clock, { count: 2, speedWith: (active) => (active > 1 ? 0.8 : 1) });
    const ends: number[] = [];
    cores.run(10, () => ends.push(clock.now));
    cores.run(18, () => ends.push(clock.now));
    clock.runUntil(1_000);
    // 12.5 ms for 10 at a speed of 0.8; then the other has 8 left and a core of its own at full speed.
    expect(ends[0]).toBeCloseTo(12.5, 9);
    expect(ends[1]).toBeCloseTo(20.5, 9);
    expect(cores.busyMs()).toBeCloseTo(2 * 12.5 + 8, 9);
  });
});
