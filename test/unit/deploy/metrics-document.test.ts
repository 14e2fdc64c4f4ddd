import { describe, expect, it } from 'vitest';
import { createApiMetrics } from '../../../src/api/metrics.js';
import { createWorkerMetrics } from '../../../src/worker/metrics.js';
import { readFromRoot } from './read-dockerfile.js';

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
  Worker: createWorkerMetrics({ visionRestarts: () => 0, slowJobs: () => 0, isRedisReady: () => true }),
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

  it('uses only metrics that a table lists in its alerts', () => {
    const [, alerts = ''] = readFromRoot('docs/metrics.md').split('## What to watch\n');
    const known = [...documented('API'), ...documented('Worker')].map((row) => row.split(' ')[0]);

    for (const [name] of alerts.matchAll(/face_\w+/g)) expect(known).toContain(name);
  });
});
