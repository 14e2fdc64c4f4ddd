import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { envFileArgument, loadEnvFile, parseEnvText } from '../../../scripts/setup/load-env-file.mjs';

describe('parseEnvText', () => {
  it.each([
    ['A=1\r\nexport B = two words # note\r\n', { A: '1', B: 'two words' }],
    ['\uFEFFA="x # y\nz" # note\n\n\t# indented\nB=\nC=a=b\'c', { A: 'x # y\nz', B: '', C: "a=b'c" }],
    ['API_KEYS=shop:k1,bank:k2', { API_KEYS: 'shop:k1,bank:k2' }],
    ['', {}],
  ])('reads %j', (text, expected) => {
    expect({ ...parseEnvText(text, '.env') }).toEqual(expected);
  });

  it.each([
    ['PORT=1\nnonsense\nAPI_KEYS=shop:secret', 2],
    ['API_KEYS="shop:secret\nPORT=1', 1],
    ['API_KEYS="shop:secret" more', 1],
    ['API_KEYS=shop:sec#ret', 1],
    ['=shop:secret', 1],
    ['API KEYS=shop:secret', 1],
    ['A\0P\0I\0=\x001\0', 1],
    ['PORT=1\rAPI_KEYS=shop:secret', 1],
  ])('refuses %j in line %i, without quoting it', (text, line) => {
    expect(() => parseEnvText(text, '.env')).toThrow(`.env, line ${line}: `);
    expect(() => parseEnvText(text, '.env')).toThrow(/^(?!.*secret)/);
  });
});

describe('loadEnvFile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'face-env-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('adds what the environment lacks, and reports both', () => {
    const path = join(folder, '.env');
    writeFileSync(path, 'API_KEYS=shop:k1\nPORT=9000\nHOST=::\nREDIS_URL=redis://file\n');
    const environment: Record<string, string> = { PORT: '9001', HOST: '', REDIS_URL_FILE: '/run/redis' };

    const found = loadEnvFile(environment, path);

    expect(environment).toEqual({
      PORT: '9001',
      HOST: '',
      REDIS_URL_FILE: '/run/redis',
      API_KEYS: 'shop:k1',
    });
    expect(found).toEqual({
      path,
      names: ['API_KEYS'],
      warnings: [
        `${path} sets HOST, but the environment has an empty HOST and wins`,
        `${path} sets PORT, but the environment has PORT and wins`,
        `${path} sets REDIS_URL, but the environment has REDIS_URL_FILE and wins`,
      ],
    });
  });

  it('is silent about a value that the environment has too', () => {
    const path = join(folder, '.env');
    writeFileSync(path, 'PORT=9000\n');

    expect(loadEnvFile({ PORT: '9000' }, path)?.warnings).toEqual([]);
  });

  it('refuses a file that cannot be read', () => {
    mkdirSync(join(folder, '.env'));

    expect(() => loadEnvFile({}, join(folder, '.env'))).toThrow(/Cannot read .*it is a folder/);
    expect(() => loadEnvFile({}, join(folder, 'no'))).toThrow(/it does not exist/);
  });
});

describe('envFileArgument', () => {
  it('finds the file in both spellings', () => {
    expect(envFileArgument(['--port', '1', '--env-file', 'a'])).toBe('a');
    expect(envFileArgument(['--env-file=a'])).toBe('a');
    expect(envFileArgument(['--port', '1'])).toBeUndefined();
    expect(() => envFileArgument(['--env-file'])).toThrow('needs the path');
  });
});
