import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { NAMESPACE, renderText, type Values } from './support/render-chart.js';

const CHART = fileURLToPath(new URL('../../../deploy/helm/face-verification', import.meta.url));
const VALUES: Values = {
  redis: { enabled: true },
  secrets: { shared: { UPLOAD_KEYS: { name: 'face' } }, api: { API_KEYS: { name: 'face' } } },
};

function run(command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, ['--namespace', NAMESPACE, ...args], {
    input,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout;
}
const upgrade = () =>
  run(
    process.env.HELM ?? 'helm',
    ['upgrade', '--install', 'face-verification', CHART, '--values', '-'],
    stringify(VALUES),
  );
const setKeys = (keys: Readonly<Record<string, string>>) =>
  run('kubectl', ['patch', 'secret', 'face', '--patch', JSON.stringify({ stringData: keys })]);
/** The generation of each Deployment and StatefulSet: it grows when their pods change. */
const readGenerations = (): Record<string, number> =>
  Object.fromEntries(
    JSON.parse(run('kubectl', ['get', 'deployment,statefulset', '--output', 'json'])).items.map(
      ({ metadata }: { metadata: { name: string; generation: number } }) => [
        metadata.name.replace('face-verification-', ''),
        metadata.generation,
      ],
    ),
  );
const readPassword = () =>
  run('kubectl', ['get', 'secret', 'face-verification-redis', '--output', 'jsonpath={.data.REDIS_URL}']);

// `npm run test:deploy` starts an API server and names it with both variables; no other cluster is touched.
describe.skipIf(!process.env.DEPLOY_TEST_CHART || !process.env.KUBECONFIG)('with a real API server', () => {
  beforeAll(() => {
    run('kubectl', ['create', 'namespace', NAMESPACE]);
    run('kubectl', [
      'create',
      'secret',
      'generic',
      'face',
      '--from-literal=UPLOAD_KEYS=a',
      '--from-literal=API_KEYS=a',
    ]);
    upgrade();
  });

  it('an upgrade restarts what reads a changed secret only at start, and nothing else', () => {
    const first = readGenerations();
    upgrade();
    expect(readGenerations()).toEqual(first);

    // Programs follow this file.
    setKeys({ API_KEYS: 'b' });
    upgrade();
    expect(readGenerations()).toEqual(first);

    setKeys({ UPLOAD_KEYS: 'b' });
    upgrade();
    expect(readGenerations()).toEqual({ api: 2, 'worker-cpu': 2, redis: 1 });
  });

  it('an upgrade keeps the password of Redis, and a rendered manifest cannot change it', () => {
    const password = readPassword();
    upgrade();
    const apply = () =>
      run('kubectl', ['apply', '--server-side', '--force-conflicts', '--filename', '-'], renderText(VALUES));

    expect(() => apply()).toThrow(/face-verification-redis.*immutable/);
    expect(readPassword()).toBe(password);
  });
});
