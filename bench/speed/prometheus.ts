/** The samples of one page of metrics: `name{label="value"}` without the service's own label → value. */
export type Samples = ReadonlyMap<string, number>;

/** Returns the metrics of a program. @throws if it does not answer with 200. */
export async function scrape(origin: string): Promise<Samples> {
  const response = await fetch(`${origin}/metrics`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${origin}/metrics answered ${response.status}: ${text}`);
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const found = /^([a-z0-9_]+)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
    if (!found) continue;
    const labels = (found[2] ?? '').split(',').filter((label) => label && !label.startsWith('service='));
    samples.set(labels.length > 0 ? `${found[1]}{${labels.join(',')}}` : (found[1] ?? ''), Number(found[3]));
  }
  return samples;
}

/** Returns the growth of each sample with this name, by the value of its first label. */
export function growthByLabel(before: Samples, after: Samples, name: string): Record<string, number> {
  const growth: Record<string, number> = {};
  for (const [key, value] of after) {
    const label = new RegExp(`^${name}\\{[a-z_]+="(.*)"\\}$`).exec(key)?.[1];
    if (label !== undefined) growth[label] = value - (before.get(key) ?? 0);
  }
  return growth;
}

/**
 * Returns the 99th percentile of the event loop's delay since the last scrape, in ms. Node samples it by a timer of
 * 10 ms and counts those in, so an idle program shows 10 to 11.
 */
export function loopDelayMs(samples: Samples): number {
  return (samples.get('nodejs_eventloop_lag_p99_seconds') ?? Number.NaN) * 1_000;
}
