import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const promtool = join(process.env.PROMETHEUS_FOLDER ?? '', 'promtool');

it.each([
  ['each alert fires in time and not before, and a healthy hour fires none', 'test', 'alerts.test.yaml'],
  ['Prometheus accepts the rules', 'check', '../../deploy/observability/alerts.yaml'],
])('%s', (_title, verb, file) => {
  const path = join(import.meta.dirname, file);

  const { status, stdout, stderr } = spawnSync(promtool, [verb, 'rules', path], { encoding: 'utf8' });

  expect(status, stdout + stderr).toBe(0);
});
