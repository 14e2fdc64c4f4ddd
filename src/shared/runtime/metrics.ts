import { collectDefaultMetrics, Registry } from 'prom-client';

/** Seconds; from a cached answer to a photo host that takes its time. */
export const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Returns a registry with the process' own figures in it: memory, CPU, event-loop delay, garbage collection. */
export function createRegistry(service: 'api' | 'worker'): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
