import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createApiMetrics } from '../../../src/api/metrics.js';
import { loadApiConfig, loadWorkerConfig } from '../../../src/shared/config/config.js';
import { createWorkerMetrics } from '../../../src/worker/metrics.js';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const METRICS = {
  API: createApiMetrics({
    waitingCallers: () => 0,
    readQueueState: async () => ({
      workers: 0,
      jobsByState: {},
      waitingByTenant: new Map(),
      oldestWaitingSeconds: 0,
    }),
    pack: 'lite',
    tenants: [],
  }),
  Worker: createWorkerMetrics({ visionRestarts: () => 0, slowJobs: () => 0, canUseRedis: () => true }),
};

/** The rows of the table under a heading of docs/metrics.md, as `name type`. */
function documented(heading: string): readonly string[] {
  const [, section = ''] = readFromRoot('docs/metrics.md').split(`## ${heading}\n`);
  const table = section.split('\n## ')[0] ?? '';
  return [...table.matchAll(/^\| `(face_\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
}

describe('docs/metrics.md', () => {
  it.each(['API', 'Worker'] as const)(
    'lists every metric of this process with its type: %s',
    async (name) => {
      const exported = [...(await METRICS[name].render()).matchAll(/^# TYPE (face_\w+) (\w+)$/gm)];

      expect(exported.length).toBeGreaterThan(5);
      expect(documented(name).toSorted()).toEqual(
        exported.map(([, who, type]) => `${who} ${type}`).toSorted(),
      );
    },
  );
});

describe('deploy/prometheus', () => {
  const scrape = z
    .object({
      scrape_configs: z.array(
        z.object({ dns_sd_configs: z.array(z.object({ names: z.tuple([z.string()]), port: z.int() })) }),
      ),
      rule_files: z.array(z.string()),
    })
    .parse(parse(readFromRoot('deploy/prometheus/scrape.yaml')));
  const alerts = z
    .object({
      groups: z.array(
        z.object({
          rules: z.array(
            z.object({ alert: z.string(), expr: z.string(), annotations: z.object({ summary: z.string() }) }),
          ),
        }),
      ),
    })
    .parse(parse(readFromRoot('deploy/prometheus/alerts.yaml')));
  const rules = alerts.groups.flatMap((group) => group.rules);

  it('scrapes services of the compose file at the ports where metrics need no key', () => {
    const compose = z
      .object({ services: z.record(z.string(), z.object({ expose: z.array(z.string()).optional() })) })
      .parse(parse(readFromRoot('docker-compose.yml'), { merge: true }));
    const targets = scrape.scrape_configs.flatMap(({ dns_sd_configs: configs }) => configs);

    expect(targets.map(({ port }) => port)).toEqual([
      loadApiConfig({}).config.METRICS_PORT,
      loadWorkerConfig({}).config.WORKER_PORT,
    ]);
    for (const { names, port } of targets) expect(compose.services[names[0]]?.expose).toContain(String(port));
    for (const file of scrape.rule_files)
      expect(existsSync(fromRoot(`deploy/prometheus/${file}`))).toBe(true);
  });

  it('alerts by metrics that the documentation lists', () => {
    const known = [...documented('API'), ...documented('Worker')].map((row) => row.split(' ')[0]);

    expect(rules.length).toBeGreaterThan(4);
    for (const { expr } of rules)
      for (const [name] of expr.matchAll(/face_\w+/g)) expect(known, expr).toContain(name);
  });
});
