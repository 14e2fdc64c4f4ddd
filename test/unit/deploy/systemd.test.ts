import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ENVIRONMENT_NAMES } from '../../../src/shared/config/config.js';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const API = 'deploy/systemd/face-verification-api.service';
const WORKER = 'deploy/systemd/face-verification-worker@.service';
/** Variables of Node and ONNX Runtime. */
const FOREIGN = ['NODE_ENV', 'ORT_DISABLE_TELEMETRY'];

/** Returns the values of a setting, in order. */
const valuesOf = (path: string, name: string): readonly string[] =>
  [...readFromRoot(path).matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map((match) => match[1] ?? '');

describe.each([API, WORKER])('%s', (path) => {
  it('starts a program that the build makes', () => {
    const [program = ''] = valuesOf(path, 'ExecStart').map((line) => line.split(' ')[1] ?? '');

    expect(existsSync(fromRoot(program.replace('dist/', 'src/').replace('.js', '.ts'))), program).toBe(true);
  });

  it('sets only variables that the programs read, in commented lines too', () => {
    const lines = [...readFromRoot(path).matchAll(/^#?Environment=(.*)$/gm)].map((match) => match[1] ?? '');
    const names = lines.flatMap((line) => [...line.matchAll(/(\w+)=/g)].map((match) => match[1]));

    expect(names.length).toBeGreaterThan(1);
    for (const name of names)
      expect([...ENVIRONMENT_NAMES, ...FOREIGN]).toContain(name?.replace(/_FILE$/, ''));
  });

  it('writes no core file, and no file that others can read', () => {
    expect(valuesOf(path, 'LimitCORE')).toEqual(['0']);
    expect(valuesOf(path, 'UMask')).toEqual(['0077']);
    expect(valuesOf(path, 'ProtectSystem')).toEqual(['strict']);
  });
});

it('a worker does not read the file with the keys of callers', () => {
  const files = (path: string) => valuesOf(path, 'EnvironmentFile').map((file) => file.split('/').at(-1));

  expect(files(API)).toEqual(['common.env', 'api.env']);
  expect(files(WORKER)).toEqual(['common.env', 'worker.env']);
});

it('workers of one machine have different ports', () => {
  expect(valuesOf(WORKER, 'Environment').join(' ')).toContain('WORKER_PORT=%i');
});
