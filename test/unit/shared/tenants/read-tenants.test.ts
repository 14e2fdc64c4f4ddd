import { describe, expect, it } from 'vitest';
import { createKeyIndex, parseApiKeys } from '../../../../src/shared/config/api-keys.js';
import { checkUrl, createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { readTenants, type TenantBounds } from '../../../../src/shared/tenants/read-tenants.js';

const KEY = 'shop-0123456789abcdef';
/** SHA-256 of `bank-0123456789abcdef`, by sha256sum. */
const BANK_SHA256 = '2f6d2a3a9a4c54aaaeac2a6cbd3a1a5b6a8a7f4f1e6d8a3f9b3b7c4c9f1d2e3a';
const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;

const BOUNDS: TenantBounds = {
  MIN_THRESHOLD: 0.2,
  JOB_RETENTION_SECONDS: 86_400,
  WEBHOOK_SECRETS: [],
  addressPolicy: createAddressPolicy({ allowedPrivateHosts: [], allowedImageHosts: [], allowedPorts: [] }),
};

const read = (tenants: unknown, bounds: Partial<TenantBounds> = {}) =>
  readTenants(JSON.stringify({ tenants }), { ...BOUNDS, ...bounds });
const problemsOf = (tenant: unknown, bounds: Partial<TenantBounds> = {}) =>
  read({ shop: tenant }, bounds).problems;

describe('readTenants', () => {
  it('reads YAML and JSON alike', () => {
    const yaml = `
tenants:
  shop:
    keys: [${KEY}]
    threshold: 0.45
    webhook: { url: https://shop.acme.com/hook, secrets: [${SECRET}] }
`;
    const json = {
      shop: {
        keys: [{ key: KEY }],
        threshold: 0.45,
        webhook: { url: 'https://shop.acme.com/hook', secrets: [{ secret: SECRET }] },
      },
    };

    const fromYaml = readTenants(yaml, BOUNDS);

    expect(fromYaml.problems).toEqual([]);
    expect(fromYaml).toEqual(read(json));
  });

  it('gives a tenant without settings those of the service, and weight 1', () => {
    const { tenants, problems } = read({ shop: {} });

    expect(problems).toEqual([]);
    expect(JSON.parse(JSON.stringify(tenants.get('shop')))).toMatchObject({
      name: 'shop',
      keys: [],
      queueWeight: 1,
    });
    expect(tenants.get('shop')?.threshold).toBeUndefined();
    expect(tenants.get('shop')?.addressPolicy).toBe(BOUNDS.addressPolicy);
  });

  it('accepts a key by its SHA-256, until it expires', () => {
    const sha256 = Buffer.from(parseApiKeys(`x:${KEY}`).keys[0]?.digest ?? []).toString('hex');
    const { tenants, problems } = read({
      shop: { keys: [{ sha256, expires: '1970-01-01T00:00:10+00:00' }] },
    });
    const find = createKeyIndex(tenants.get('shop')?.keys ?? []);

    expect(problems).toEqual([]);
    expect(find(KEY, 9_999)?.name).toBe('shop');
    expect(find(KEY, 10_000)).toBeUndefined();
  });

  it('narrows the image hosts of a tenant, and its callbacks not', () => {
    const { tenants } = read({ shop: { allowed_image_hosts: ['*.shop.acme.com', '9.9.9.9'] }, bank: {} });
    const policyOf = (name: string) => tenants.get(name)?.addressPolicy ?? BOUNDS.addressPolicy;
    const allowed = (url: string, name: string, purpose: 'image' | 'callback') => {
      try {
        return checkUrl(url, policyOf(name), purpose) instanceof URL;
      } catch (error) {
        return (error as Error).message;
      }
    };

    expect(allowed('https://img.shop.acme.com/a', 'shop', 'image')).toBe(true);
    expect(allowed('https://9.9.9.9/a', 'shop', 'image')).toBe(true);
    expect(allowed('https://img.bank.acme.com/a', 'shop', 'image')).toContain('allowed_image_hosts');
    expect(allowed('https://img.bank.acme.com/a', 'shop', 'callback')).toBe(true);
    expect(allowed('https://img.shop.acme.com/a', 'bank', 'image')).toBe(true);
  });

  it.each([
    ['an unknown field', { thresold: 0.5 }, /^tenant shop has unknown fields: thresold$/],
    ['a null', { webhook: null }, /^tenant shop: webhook must be an object, not null$/],
    ['a short key', { keys: ['short'] }, /^tenant shop: keys\[0\]\.key must have 16/],
    ['a key with a space', { keys: [`${KEY} x`] }, /^tenant shop: keys\[0\]\.key must have 16/],
    [
      'a key and its hash',
      { keys: [{ key: KEY, sha256: BANK_SHA256 }] },
      /keys\[0\] must have either key or sha256/,
    ],
    ['neither of them', { keys: [{ expires: '2027-01-31T00:00:00Z' }] }, /keys\[0\] must have either/],
    ['a short hash', { keys: [{ sha256: 'ab' }] }, /keys\[0\]\.sha256 must be 64 hexadecimal digits/],
    [
      'a day without a time',
      { keys: [{ key: KEY, expires: '2027-01-31' }] },
      /keys\[0\]\.expires must be a time/,
    ],
    ['a rate below 0', { rate_limit_per_minute: -1 }, /rate_limit_per_minute must be at least 0/],
    ['a fraction of a weight', { queue_weight: 0.5 }, /queue_weight must be a whole number/],
    ['a weight of 0', { queue_weight: 0 }, /queue_weight must be at least 1/],
    ['a share above 1', { max_queue_share: 2 }, /max_queue_share must be at most 1/],
    ['a threshold as text', { threshold: '0.5' }, /threshold must be a number, not text/],
    ['a threshold of 0', { threshold: 0 }, /threshold must be above 0/],
    ['a threshold below the service’s', { threshold: 0.1 }, /threshold must be at least 0.2, its lowest/],
    ['a threshold below its own', { threshold: 0.3, min_threshold: 0.4 }, /threshold must be at least 0.4/],
    [
      'a minimum below the service’s',
      { min_threshold: 0.1 },
      /min_threshold must be at least 0.2, the MIN_THRESHOLD/,
    ],
    ['one match', { min_matches: 1 }, /min_matches must be 2 or 3, not 1/],
    ['a longer retention', { retention_seconds: 86_401 }, /must be at most 86400, the JOB_RETENTION_SECONDS/],
    [
      'a URL that the policy forbids',
      { webhook: { url: 'https://10.0.0.1/', secrets: [SECRET] } },
      /webhook.url: The URL/,
    ],
    [
      'a webhook without a secret',
      { webhook: { url: 'https://shop.acme.com/' } },
      /webhook.url needs webhook.secrets/,
    ],
    ['no secret', { webhook: { secrets: [] } }, /webhook.secrets must be at least 1/],
    [
      'a wrong secret',
      { webhook: { secrets: ['hunter2'] } },
      /webhook.secrets\[0\].secret every secret must be whsec_/,
    ],
    [
      'a URL for a host',
      { allowed_image_hosts: ['https://x.example'] },
      /allowed_image_hosts\[0\] .*not a URL/,
    ],
    ['no host', { allowed_image_hosts: [] }, /allowed_image_hosts must be at least 1/],
  ])('names tenant and field of %s', (_, tenant, expected) => {
    const problems = problemsOf(tenant);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
    expect(problems[0]).toMatch(/^tenant shop/);
  });

  it('lists the problems of all tenants', () => {
    const { problems } = read({ shop: { threshold: 2, queue_weight: 0 }, bank: { min_matches: 4 } });

    expect(problems.map((problem) => problem.split(' ', 3).join(' '))).toEqual([
      'tenant shop: queue_weight',
      'tenant shop: threshold',
      'tenant bank: min_matches',
    ]);
  });

  it('accepts a webhook that the service’s own secrets sign', () => {
    expect(problemsOf({ webhook: { url: 'https://shop.acme.com/' } }, { WEBHOOK_SECRETS: [SECRET] })).toEqual(
      [],
    );
  });

  it.each([
    ['a name with a space', 'my shop'],
    ['the name of callers without a key', 'anonymous'],
    ['the name of a key in API_KEYS', 'bank'],
  ])('refuses %s', (_, name) => {
    const { problems } = read({ [name]: {} }, { API_KEYS: parseApiKeys(`bank:${KEY}`).keys });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
  });

  it('refuses keys and secrets that two hold, and never shows one', () => {
    const { problems } = read(
      {
        shop: { keys: [KEY, { key: `${KEY}-admin` }], webhook: { secrets: [SECRET] } },
        bank: { keys: [KEY], webhook: { secrets: [OTHER_SECRET, SECRET] } },
      },
      { ADMIN_API_KEYS: parseApiKeys(`ops:${KEY}-admin`).keys, WEBHOOK_SECRETS: [OTHER_SECRET] },
    );

    expect(problems).toEqual([
      'tenant shop: keys[1] is also that of ops in ADMIN_API_KEYS',
      'tenant bank: keys[0] is also that of tenant shop',
      'tenant bank: webhook.secrets[0] is also that of WEBHOOK_SECRETS',
      'tenant bank: webhook.secrets[1] is also that of tenant shop',
    ]);
  });

  it.each([
    ['text that is cut off', `tenants:\n  shop:\n    keys: [${KEY}`, /neither YAML nor JSON in line \d/],
    ['a tenant twice', 'tenants:\n  shop: {}\n  shop: {}\n', /line 3: a name is there twice/],
    ['nothing', '', /neither YAML nor JSON/],
    ['a list', '- shop', /the file must be an object, not a list/],
    ['another field', 'tenants: {}\nkeys: []', /the file has unknown fields: keys/],
    ['no tenants', 'tenants:', /the file: tenants must be an object, not null/],
    ['aliases without end', `a: &a [x]\nb: [${'*a,'.repeat(1_001)}]`, /neither YAML nor JSON/],
  ])('refuses %s, and quotes none of it', (_, text, expected) => {
    const { problems } = readTenants(text, BOUNDS);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
    expect(problems[0]).not.toContain(KEY);
  });

  it('holds no key in memory, only digests', () => {
    expect(JSON.stringify([...read({ shop: { keys: [KEY] } }).tenants])).not.toContain(KEY);
  });
});
