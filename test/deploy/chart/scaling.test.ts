import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { documentedMetrics } from '../../support/programs/documented-metrics.js';
import { readQuery } from '../../unit/deploy/read-query.js';
import { find, NAMESPACE, render } from './support/render-chart.js';
import { BUNDLED, FULL, withSetting } from './support/values.js';

const RELEASE = 'face-verification';
const full = render(FULL);
const pools = (objects: typeof full, kind: string) =>
  objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);

describe('replicas', () => {
  it('are not in an object that an autoscaler owns, so that applying it again removes no pod', () => {
    for (const scaled of full.filter(({ kind }) => /ScaledObject|HorizontalPodAutoscaler/.test(kind))) {
      const { spec } = find(full, 'Deployment', scaled.spec.scaleTargetRef.name);
      expect(spec, scaled.metadata.name).not.toHaveProperty('replicas');
    }
    expect(pools(full, 'HorizontalPodAutoscaler')).toEqual([`${RELEASE}-api`]);
    expect(pools(full, 'ScaledObject')).toEqual(
      ['cpu', 'baked', 'oci'].map((name) => `${RELEASE}-worker-${name}`),
    );
  });

  it('are plain where no autoscaler is', () => {
    const plain = render(withSetting(BUNDLED, 'api.autoscaling.enabled', false));

    for (const name of ['api', 'worker-cpu'])
      expect(find(plain, 'Deployment', `${RELEASE}-${name}`).spec.replicas).toBe(2);
    expect(plain.filter(({ kind }) => /ScaledObject|HorizontalPodAutoscaler/.test(kind))).toEqual([]);
  });
});

describe('a ScaledObject', () => {
  const specOf = (objects: typeof full) => find(objects, 'ScaledObject', `${RELEASE}-worker-cpu`).spec;
  const queriesOf = (objects: typeof full): Readonly<Record<string, string>> =>
    Object.fromEntries(
      specOf(objects).triggers.map((trigger: { name: string; metadata: { query: string } }) => [
        trigger.name,
        trigger.metadata.query,
      ]),
    );
  const spec = specOf(full);
  const queries = queriesOf(full);

  it('keeps the workers while Prometheus or the API is away', () => {
    expect(spec.fallback).toEqual({ failureThreshold: 3, replicas: 2, behavior: 'currentReplicasIfHigher' });
    expect(find(full, 'ScaledObject', `${RELEASE}-worker-baked`).spec.fallback.replicas).toBe(7);
    for (const { metadata, metricType } of spec.triggers) {
      expect(metadata).toMatchObject({ ignoreNullValues: 'false', threshold: '1', authModes: 'bearer' });
      expect(metricType).toBe('AverageValue');
    }
  });

  it('removes workers slowly and adds them at once', () => {
    expect(spec.advanced.horizontalPodAutoscalerConfig.behavior).toMatchObject({
      scaleUp: { stabilizationWindowSeconds: 0 },
      scaleDown: {
        stabilizationWindowSeconds: 600,
        policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
      },
    });
  });

  it('asks only for metrics and labels that the programs have', () => {
    const labels = new Map(
      [...documentedMetrics('API'), ...documentedMetrics('Worker')].map((metric) => [
        metric.name,
        metric.labels,
      ]),
    );

    expect(Object.keys(queries)).toEqual(['wait', 'depth', 'busy']);
    for (const query of Object.values(queries))
      for (const selector of readQuery(query).selectors) {
        const known = labels.get(selector.metric.replace(/_sum$/, ''));
        expect(known, selector.metric).toBeDefined();
        for (const label of selector.labels) expect([...(known ?? []), 'namespace', 'pod']).toContain(label);
      }
  });

  it.skipIf(!process.env.PROMETHEUS_FOLDER)('computes the workers that are needed, for its own pack', () => {
    const folder = mkdtempSync(join(tmpdir(), 'scaling-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const alone = queriesOf(render(withSetting(FULL, 'pools', [{ name: 'cpu', pack: 'lite' }])));
    const at = (name: string, labels: string, values: string) => ({
      series: `${name}{namespace="${NAMESPACE}",${labels}}`,
      values,
    });
    // Two APIs of lite report the same queue, a third one serves another pack; 4 workers with 2 processes each, 3 s of
    // every 15 s busy in two of the processes.
    const api = (instance: string, pack: string, jobs: string) => [
      at('face_queue_oldest_job_seconds', `pack="${pack}",instance="${instance}"`, '20x40'),
      at('face_workers', `pack="${pack}",instance="${instance}"`, '4x40'),
      at('face_queue_jobs', `pack="${pack}",state="waiting",instance="${instance}"`, jobs),
      at('face_queue_jobs', `pack="${pack}",state="prioritized",instance="${instance}"`, jobs),
      at('face_queue_jobs', `pack="${pack}",state="active",instance="${instance}"`, '900x40'),
    ];
    const worker = (pod: string, busy: string) => [
      at('face_vision_processes', `pod="${pod}",instance="${pod}"`, '2x40'),
      at('face_step_duration_seconds_sum', `step="embed",pod="${pod}",instance="${pod}"`, busy),
      at('face_step_duration_seconds_sum', `step="fetch",pod="${pod}",instance="${pod}"`, '0+900x40'),
    ];
    const test = {
      interval: '15s',
      input_series: [
        ...api('a', 'lite', '400x40'),
        ...api('b', 'lite', '400x40'),
        ...api('c', 'other', '9000x40'),
        ...worker(`${RELEASE}-worker-cpu-5d8-x1`, '0+21x40'),
        ...worker(`${RELEASE}-worker-cpu-5d8-x2`, '0+21x40'),
        ...worker(`${RELEASE}-worker-cpu-big-5d8-x2`, '0+30x40'),
      ],
      promql_expr_test: [
        // 20 s are 4 times 5 s, so 4 workers must become 16.
        [alone.wait, 16],
        // 800 jobs, 100 for each worker.
        [alone.depth, 8],
        // 2.8 processes are busy: 1.4 workers, of which 0.7 should be.
        [alone.busy, 2],
        // Half of the workers of lite are in other pools, which answer for the other half of the queue.
        [queries.wait, 8],
        [queries.depth, 4],
        [queries.busy, 2],
      ].map(([query, value]) => ({
        expr: `round(${query}, 0.001)`,
        eval_time: '10m',
        exp_samples: [{ labels: '{}', value }],
      })),
    };
    const file = join(folder, 'test.yaml');
    writeFileSync(file, stringify({ tests: [test] }));
    const promtool = join(process.env.PROMETHEUS_FOLDER ?? '', 'promtool');

    const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', file], { encoding: 'utf8' });

    expect(status, stdout + stderr).toBe(0);
  });
});
