import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

describe('findRedis', () => {
  let emptyFolder: string;
  beforeEach(() => {
    emptyFolder = mkdtempSync(join(tmpdir(), 'face-path-'));
  });
  afterEach(() => rmSync(emptyFolder, { recursive: true }));

  function findWith(path: string | undefined): string {
    const module = pathToFileURL(resolve('scripts/setup/find-redis.mjs')).href;
    const body = `const { findRedis } = await import('${module}'); console.log(await findRedis());`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', body], {
      env: { ...process.env, PATH: path },
      encoding: 'utf8',
    });
    return stdout || stderr;
  }

  it('finds the server on the PATH', () => {
    expect(findWith(process.env.PATH)).toMatch(/^(redis|valkey)-server$/m);
  });

  it.skipIf(existsSync('.redis/server'))('says at once what to do where nothing can be installed', () => {
    const answer = findWith(emptyFolder);

    expect(answer).toMatch(/No Redis 6\.2 or newer found/);
    expect(answer).toMatch(/install one[\s\S]*docker run[\s\S]*set REDIS_URL/);
  });
});
