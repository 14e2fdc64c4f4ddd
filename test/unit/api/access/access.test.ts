import { describe, expect, it } from 'vitest';
import { createAccess, followAccess } from '../../../../src/api/access/access.js';
import { loadApiConfig } from '../../../../src/shared/config/config.js';
import { readTenants } from '../../../../src/shared/tenants/read-tenants.js';

const KEY = 'shop-0123456789abcdef';
const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;

/** The settings of an API with these tenants in its file. */
function settingsWith(tenants: object | undefined, env: Record<string, string> = {}) {
  const { config } = loadApiConfig(env);
  if (!tenants) return config;
  const read = readTenants(JSON.stringify({ tenants }), config);
  expect(read.problems).toEqual([]);
  return { ...config, tenants: read.tenants };
}

describe('createAccess', () => {
  it('is open without keys and without a file, and closed with a file of no tenants', () => {
    expect(createAccess(settingsWith(undefined))).toMatchObject({ isOpen: true, names: ['anonymous'] });
    expect(createAccess(settingsWith({}))).toMatchObject({ isOpen: false, names: [] });
    expect(createAccess(settingsWith(undefined, { API_KEYS: `shop:${KEY}` })).isOpen).toBe(false);
  });

  it('gives a tenant its own rules, and others those of the service', () => {
    const env = {
      RATE_LIMIT_PER_MINUTE: '60',
      FACE_MATCH_THRESHOLD: '0.4',
      MAX_TENANT_QUEUE_SHARE: '0.6',
      API_KEYS: `legacy:${KEY}-legacy`,
    };
    const shop = {
      keys: [KEY],
      rate_limit_per_minute: 0,
      queue_weight: 3,
      max_queue_share: 0.1,
      threshold: 0.6,
      min_threshold: 0.5,
      min_matches: 3,
      webhook: { url: 'https://hooks.acme.com/', secrets: [SECRET] },
    };
    const access = createAccess(settingsWith({ shop, strict: { min_threshold: 0.7 } }, env));

    expect(access.findCaller(KEY)).toBe('shop');
    expect(access.rulesOf('shop')).toMatchObject({
      isListed: true,
      rateLimitPerMinute: 0,
      queueWeight: 3,
      queueShare: 0.1,
      threshold: 0.6,
      isServiceThreshold: false,
      minThreshold: 0.5,
      minMatches: 3,
      webhookUrl: 'https://hooks.acme.com/',
      canSign: true,
    });
    expect(access.rulesOf('legacy')).toMatchObject({
      isListed: false,
      rateLimitPerMinute: 60,
      queueWeight: 1,
      queueShare: 0.6,
      threshold: 0.4,
      isServiceThreshold: true,
      minThreshold: 0.2,
      minMatches: 2,
      webhookUrl: undefined,
      canSign: false,
    });
    // The default of the service is below its minimum.
    expect(access.rulesOf('strict')).toMatchObject({ threshold: 0.7, isServiceThreshold: false });
  });

  it('lets a tenant name callbacks only while one of its secrets is valid', () => {
    const shop = { webhook: { secrets: [{ secret: SECRET, expires: new Date(1_000).toISOString() }] } };
    const canSignAt = (now: number) =>
      createAccess(settingsWith({ shop }), () => now).rulesOf('shop').canSign;

    expect([canSignAt(999), canSignAt(1_000)]).toEqual([true, false]);
  });
});

it('followAccess follows the settings, and keeps what it has while they stay', () => {
  let settings = settingsWith({ shop: { keys: [KEY] } });
  const read = followAccess(() => settings);
  const before = read();

  expect(read()).toBe(before);
  settings = settingsWith({ shop: {} });
  expect([before.findCaller(KEY), read().findCaller(KEY)]).toEqual(['shop', undefined]);
});
