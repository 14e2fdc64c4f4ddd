/** Summary of a distribution, in the unit of the samples. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Returns the summary of samples in any order; NaN without samples. */
export function summarise(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    p50: quantile(samples, 0.5),
    p95: quantile(samples, 0.95),
    p99: quantile(samples, 0.99),
    max: quantile(samples, 1),
  };
}

/** Returns the median of samples in any order. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Returns the arithmetic mean; NaN without samples. */
export function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

/** Returns the median of each figure over several results. */
export function medianEach<T extends Readonly<Record<keyof T, number>>>(results: readonly T[]): T {
  const names = Object.keys(results[0] ?? {}) as (keyof T)[];
  return Object.fromEntries(
    names.map((name) => [name, median(results.map((result) => result[name]))]),
  ) as unknown as T;
}

/** Returns the quantile `part` (0..1) of samples in any order: the measured value of the nearest rank. NaN without samples. */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  return sorted[Math.round(part * (sorted.length - 1))] ?? Number.NaN;
}
