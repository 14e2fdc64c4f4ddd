import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ReloadState } from '../config/live-settings.js';

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

/** Shows how reading changed settings went. */
export function createSettingMetrics(registry: Registry, state: () => ReloadState): void {
  const registers = [registry];
  new Counter({
    name: 'face_setting_reloads_total',
    help: 'Changes of the files of settings since the start, by outcome: applied, or refused because they were wrong',
    labelNames: ['outcome'],
    registers,
    collect() {
      const { applied, refused } = state();
      this.reset();
      this.inc({ outcome: 'applied' }, applied);
      this.inc({ outcome: 'refused' }, refused);
    },
  });
  new Gauge({
    name: 'face_settings_stale',
    help: '1 while the files of settings are wrong and earlier settings are used, else 0',
    registers,
    collect() {
      this.set(state().isStale ? 1 : 0);
    },
  });
}
