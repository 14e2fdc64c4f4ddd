import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** Seconds: from a cached answer to a slow image host. */
export const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Returns a registry with the metrics of the process: memory, CPU, event-loop delay, garbage collection. */
export function createRegistry(service: 'api' | 'worker'): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Returns the gauge of the connection to Redis; its owner sets 0 or 1. */
export function createRedisGauge(registry: Registry): Gauge {
  const help = '1 if this process can use Redis, else 0';
  return new Gauge({ name: 'face_redis_up', help, registers: [registry] });
}
