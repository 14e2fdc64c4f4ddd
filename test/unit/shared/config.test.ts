import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadApiConfig, loadWorkerConfig } from '../../../src/shared/config.js';

function problemsOf(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
  }
  return [];
}

describe('the names of the Python service', () => {
  it('have its defaults', () => {
    const { config, warnings } = loadWorkerConfig({});

    expect(config).toMatchObject({
      INSIGHTFACE_MODEL: 'buffalo_l',
      DETECTION_SIZE: 640,
      FACE_MATCH_THRESHOLD: 0.5,
      FACE_MATCH_MIN_MATCHES: 2,
      IMAGE_DOWNLOAD_TIMEOUT: 15,
      MAX_IMAGE_BYTES: 10_485_760,
    });
    expect(warnings).toEqual([]);
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['FACE_MATCH_MIN_MATCHES', '1'],
    ['FACE_MATCH_MIN_MATCHES', '4'],
    ['FACE_MATCH_MIN_MATCHES', '2.5'],
    ['FACE_MATCH_THRESHOLD', '-1'],
    ['FACE_MATCH_THRESHOLD', '1.5'],
    ['FACE_MATCH_THRESHOLD', 'NaN'],
    ['FACE_MATCH_THRESHOLD', 'half'],
    ['DETECTION_SIZE', '641'],
    ['IMAGE_DOWNLOAD_TIMEOUT', '0'],
    ['MAX_IMAGE_BYTES', '-5'],
  ];
  for (const [name, value] of wrong) {
    it(`fall back with a warning: ${name}=${value}`, () => {
      const { config, warnings } = loadApiConfig({ [name]: value });

      expect(config[name as keyof typeof config]).toBe(loadApiConfig({}).config[name as keyof typeof config]);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(name);
      expect(warnings[0]).not.toContain(value === '1' ? '=1' : value);
    });
  }

  it('take good values', () => {
    const { config } = loadApiConfig({ FACE_MATCH_THRESHOLD: '0.42', FACE_MATCH_MIN_MATCHES: '3' });

    expect([config.FACE_MATCH_THRESHOLD, config.FACE_MATCH_MIN_MATCHES]).toEqual([0.42, 3]);
  });
});

describe('new names', () => {
  it('stop the process with every wrong one listed', () => {
    const problems = problemsOf(() =>
      loadApiConfig({ PORT: '99999', MAX_QUEUE_DEPTH: 'many', REDIS_URL: 'http://x' }),
    );

    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'REDIS_URL',
      'PORT',
      'MAX_QUEUE_DEPTH',
    ]);
  });

  it('stop the process for a short or nameless API key without quoting it', () => {
    const problems = problemsOf(() => loadApiConfig({ API_KEYS: 'alice:short,justakeywithoutaname00' }));

    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toMatch(/short$|justakey/);
  });

  it('count an empty text as unset', () => {
    expect(loadApiConfig({ PORT: '  ' }).config.PORT).toBe(8333);
  });

  it('are read from the file that NAME_FILE points to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'face-config-'));
    const path = join(folder, 'keys');
    writeFileSync(path, 'alice:0123456789abcdef\n');

    const { config } = loadApiConfig({ API_KEYS_FILE: path });

    rmSync(folder, { recursive: true });
    expect(config.API_KEYS.map((key) => key.name)).toEqual(['alice']);
    expect(JSON.stringify(config)).not.toContain('0123456789abcdef');
  });

  it('name the variable whose file cannot be read', () => {
    expect(problemsOf(() => loadApiConfig({ API_KEYS_FILE: '/nowhere/keys' }))).toEqual([
      'API_KEYS_FILE: the file cannot be read',
    ]);
  });

  it('give two jobs at a time to each vision process unless told otherwise', () => {
    const { config } = loadWorkerConfig({ VISION_PROCESSES: '3' });

    expect(config.WORKER_CONCURRENCY).toBe(6);
  });

  it('hand no secret on to a vision process', () => {
    const { config } = loadWorkerConfig({
      PATH: '/bin',
      API_KEYS: 'x',
      REDIS_URL: 'redis://u:p@h:1',
      LD_PRELOAD: 'libjemalloc.so.2',
    });

    expect(config.VISION_ENVIRONMENT).toEqual({ PATH: '/bin', LD_PRELOAD: 'libjemalloc.so.2' });
  });

  it('are frozen once read', () => {
    expect(Object.isFrozen(loadApiConfig({}).config)).toBe(true);
  });
});
