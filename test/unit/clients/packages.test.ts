import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('the packages of the clients', () => {
  it('carry the licence of the service', () => {
    expect(read('clients/typescript/LICENSE')).toBe(read('LICENSE'));
    expect(read('clients/python/LICENSE')).toBe(read('LICENSE'));
  });
});
