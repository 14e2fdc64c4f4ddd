import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('the packages of the clients', () => {
  it('have the version of the service', () => {
    const { version } = JSON.parse(read('package.json'));

    expect(JSON.parse(read('clients/typescript/package.json')).version).toBe(version);
    expect(read('clients/python/pyproject.toml')).toContain(`\nversion = "${version}"\n`);
  });

  it('carry the licence of the service', () => {
    expect(read('clients/typescript/LICENSE')).toBe(read('LICENSE'));
    expect(read('clients/python/LICENSE')).toBe(read('LICENSE'));
  });
});
