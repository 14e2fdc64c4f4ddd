import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadApiConfig, loadWorkerConfig } from '../../../src/shared/config/config.js';
import { documentedMetrics } from '../../support/programs/documented-metrics.js';
import { fromRoot, readFromRoot } from './read-dockerfile.js';
import { readQuery } from './read-query.js';

const FOLDER = 'deploy/observability';

const alerts = z
  .object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.strictObject({
            alert: z.string(),
            expr: z.string(),
            for: z.string().optional(),
            labels: z.strictObject({
              severity: z.enum(['critical', 'warning']),
              turn: z.enum(['service', 'Redis', 'caller', 'image host', 'receiver']),
            }),
            annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
          }),
        ),
      }),
    ),
  })
  .parse(parse(readFromRoot(`${FOLDER}/alerts.yaml`)))
  .groups.flatMap(({ rules }) => rules);

/** Labels of each metric; the programs and Prometheus add some to all. */
const COMMON_LABELS = ['service', 'instance', 'job'];
const labelsOf = new Map<string, readonly string[]>([
  // Metrics of Prometheus itself and of Node.
  ['up', []],
  ['nodejs_eventloop_lag_p99_seconds', []],
  ['process_start_time_seconds', []],
  ['ALERTS', ['alertname', 'alertstate', 'severity', 'turn', 'key', 'pack']],
]);
for (const { name, type, labels } of (['API', 'Worker', 'Shadow worker'] as const).flatMap((name) =>
  documentedMetrics(name),
)) {
  labelsOf.set(name, [...labels, ...(labelsOf.get(name) ?? [])]);
  if (type !== 'histogram') continue;
  for (const [suffix, more] of [
    ['bucket', ['le']],
    ['sum', []],
    ['count', []],
  ] as const)
    labelsOf.set(`${name}_${suffix}`, [...labels, ...more]);
}

/** Checks a query against the documented metrics, which other tests compare with those of the programs. */
function expectKnown(query: string): void {
  const { selectors, groupings } = readQuery(query);
  expect(selectors.length, query).toBeGreaterThan(0);
  const usable = new Set(COMMON_LABELS);
  // Labels that label_replace and label_join make.
  for (const [, made = ''] of query.matchAll(/[)}], "(\w+)", "/g)) usable.add(made);
  for (const { metric, labels } of selectors) {
    expect([...labelsOf.keys()], query).toContain(metric);
    const known = [...COMMON_LABELS, ...(labelsOf.get(metric) ?? [])];
    for (const label of known) usable.add(label);
    for (const label of labels) expect(known, query).toContain(label);
  }
  for (const label of groupings) expect([...usable], query).toContain(label);
}

const dashboard = z
  .object({
    panels: z.array(
      z.object({
        id: z.int(),
        title: z.string(),
        targets: z.array(z.object({ expr: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(readFromRoot(`${FOLDER}/grafana/dashboards/face-verification.json`)));

describe('the dashboard', () => {
  it('asks only for metrics and labels that exist', () => {
    const queries = dashboard.panels.flatMap(({ targets }) => targets);

    expect(queries.length).toBeGreaterThan(20);
    for (const { expr } of queries) expectKnown(expr);
  });

  it('gives each panel an id and a title of its own', () => {
    for (const name of ['id', 'title'] as const)
      expect(new Set(dashboard.panels.map((panel) => panel[name])).size).toBe(dashboard.panels.length);
  });
});

describe('the scrape configuration', () => {
  const prometheus = z
    .object({
      scrape_configs: z.tuple([
        z.object({
          job_name: z.string(),
          dns_sd_configs: z.array(z.object({ names: z.tuple([z.string()]), port: z.int() })),
        }),
      ]),
      rule_files: z.array(z.string()),
    })
    .parse(parse(readFromRoot(`${FOLDER}/prometheus.yml`)));

  it('names every program of the compose file, at the port where its metrics need no key', () => {
    const compose = z
      .object({ services: z.record(z.string(), z.object({ expose: z.array(z.string()).optional() })) })
      .parse(parse(readFromRoot('docker-compose.yml'), { merge: true }));
    const programs = Object.entries(compose.services).filter(([, { expose }]) => expose);
    const ports = new Map([
      [true, loadApiConfig({}).config.METRICS_PORT],
      [false, loadWorkerConfig({}).config.WORKER_PORT],
    ]);

    const targets = prometheus.scrape_configs[0].dns_sd_configs;

    expect(targets.map(({ names: [name], port }) => [name, port])).toEqual(
      programs.map(([name]) => [name, ports.get(name === 'face-verification')]),
    );
    for (const { names, port } of targets) expect(compose.services[names[0]]?.expose).toContain(String(port));
  });

  it('loads rules that exist', () => {
    for (const file of prometheus.rule_files) expect(existsSync(fromRoot(`${FOLDER}/${file}`))).toBe(true);
  });
});

describe("Grafana's files", () => {
  const compose = z
    .object({ services: z.record(z.string(), z.object({ volumes: z.array(z.unknown()).optional() })) })
    .parse(parse(readFromRoot('docker-compose.yml'), { merge: true }));
  /** Places in the container by their folders here. */
  const mounts = new Map(
    (compose.services['face-verification-grafana']?.volumes ?? []).map((volume) => {
      const [from = '', to = ''] = String(volume).split(':');
      return [from, to] as const;
    }),
  );

  it('lie where Grafana looks for them, and name the folder of the dashboard', () => {
    const { providers } = z
      .object({ providers: z.tuple([z.object({ options: z.object({ path: z.string() }) })]) })
      .parse(parse(readFromRoot(`${FOLDER}/grafana/provisioning/dashboards/face-verification.yaml`)));

    expect(mounts.get(`./${FOLDER}/grafana/provisioning`)).toBe('/etc/grafana/provisioning');
    expect(mounts.get(`./${FOLDER}/grafana/dashboards`)).toBe(providers[0].options.path);
  });

  it("name the compose file's Prometheus", () => {
    const { datasources } = z
      .object({ datasources: z.tuple([z.object({ type: z.literal('prometheus'), url: z.url() })]) })
      .parse(parse(readFromRoot(`${FOLDER}/grafana/provisioning/datasources/prometheus.yaml`)));

    expect(Object.keys(compose.services)).toContain(new URL(datasources[0].url).hostname);
  });
});

describe('the alerts', () => {
  it('ask only for metrics and labels that exist', () => {
    expect(alerts.length).toBeGreaterThan(10);
    for (const { expr } of alerts) expectKnown(expr);
  });

  it('have every metric of ours in the healthy hour of their test', () => {
    const [healthy = ''] = readFromRoot('test/observability/alerts.test.yaml').split('- name: Face');
    const metrics = alerts.flatMap(({ expr }) => readQuery(expr).selectors.map(({ metric }) => metric));

    const missing = metrics.filter((metric) => metric.startsWith('face_') && !healthy.includes(metric));
    expect(missing).toEqual([]);
  });

  it('each have a name of their own and a test', () => {
    const tested = [...readFromRoot('test/observability/alerts.test.yaml').matchAll(/- name: (Face\w+)/g)];

    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    expect(tested.map(([, name]) => name).toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  });
});
