import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadApiConfig } from '../../../src/shared/config/config.js';
import { readTenants } from '../../../src/shared/tenants/read-tenants.js';
import { tenantSchema } from '../../../src/shared/tenants/tenant-schema.js';
import { readFromRoot } from './read-dockerfile.js';

const document = readFromRoot('docs/tenants.md');
const blockOf = (language: string) =>
  new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(document)?.[1] ?? '';

it('docs/tenants.md shows a file that the programs accept, with every field of a tenant', () => {
  const example = blockOf('yaml');

  const { tenants, problems } = readTenants(example, loadApiConfig({}).config);

  expect(problems).toEqual([]);
  expect([...tenants.keys()]).toEqual(['shop', 'bank', 'former-customer']);
  expect(Object.keys(parse(example).tenants.shop)).toEqual(Object.keys(tenantSchema.shape));
});

it('docs/tenants.md explains every field', () => {
  const explained = [...document.matchAll(/^\| `([a-z_.]+)` \|/gm)].map(
    ([, field = '']) => field.split('.')[0],
  );

  expect([...new Set(explained)]).toEqual(Object.keys(tenantSchema.shape));
});

it('docs/tenants.md shows how to create a key: its commands give a key and a hash that belong together', () => {
  const output = execFileSync('sh', ['-c', `${blockOf('sh')}\necho "$KEY"`], { encoding: 'utf8' });
  const [sha256 = '', key = ''] = output.trim().split('\n');
  const keyOf = (entry: object) => {
    const text = JSON.stringify({ tenants: { shop: { keys: [entry] } } });
    const { tenants, problems } = readTenants(text, loadApiConfig({}).config);
    expect(problems).toEqual([]);
    return Buffer.from(tenants.get('shop')?.keys[0]?.digest ?? []).toString('hex');
  };

  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(keyOf({ sha256 })).toBe(keyOf({ key }));
});
