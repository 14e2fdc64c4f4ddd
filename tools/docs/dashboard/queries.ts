/** The window of rates follows the zoom of the dashboard. */
export const rate = (metric: string): string => `rate(${metric}[$__rate_interval])`;
export const quantile = (share: number, metric: string, label: string): string =>
  `histogram_quantile(${share}, sum by (le, ${label}) (${rate(`${metric}_bucket`)}))`;
