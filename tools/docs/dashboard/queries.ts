/** The window of rates follows the zoom of the dashboard. */
export const rate = (metric: string): string => `rate(${metric}[$__rate_interval])`;
export const quantile = (share: number, metric: string, label: string): string =>
  `histogram_quantile(${share}, sum by (le, ${label}) (${rate(`${metric}_bucket`)}))`;
/** Share of `part` in `whole`, both counters: 0 without a part, no value while the whole stands still. */
export const share = (part: string, whole: string): string =>
  `(sum(${rate(part)}) or vector(0)) / (sum(${rate(whole)}) > 0)`;
