import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** Seconds: from a cached answer to a slow image host. */
export const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Returns a registry with the metrics of the process: memory, CPU, event-loop delay, garbage collection. */
export function createRegistry(service: 'api' | 'worker' | 'shadow'): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** What one scrape shows of Redis. */
export interface RedisFacts {
  readonly isUp: boolean;
  /** Time of one exchange, seconds; undefined without a connection. */
  readonly responseSeconds: number | undefined;
}

/** Returns the function that sets the gauges of Redis, for every scrape. */
export function createRedisGauges(registry: Registry): (facts: RedisFacts) => void {
  const registers = [registry];
  const up = new Gauge({ name: 'face_redis_up', help: '1 if this process can use Redis, else 0', registers });
  const response = new Gauge({
    name: 'face_redis_response_seconds',
    help: 'Time of one exchange with Redis at the scrape; 1 if no answer came in time',
    registers,
  });
  return ({ isUp, responseSeconds }) => {
    up.set(isUp ? 1 : 0);
    if (responseSeconds === undefined) response.remove();
    else response.set(responseSeconds);
  };
}
