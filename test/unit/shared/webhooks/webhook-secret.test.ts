import { describe, expect, it } from 'vitest';
import { ConfigError, loadWorkerConfig } from '../../../../src/shared/config/config.js';
import { readTenants } from '../../../../src/shared/tenants/read-tenants.js';
import {
  findWebhookSecretProblem,
  signingSecrets,
  tenantWebhookSecret,
} from '../../../../src/shared/webhooks/webhook-secret.js';
import { signWebhook } from '../../../../src/worker/webhooks/sign-webhook.js';

const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

describe('findWebhookSecretProblem', () => {
  it.each([24, 32, 64])('finds nothing wrong with a key of %i bytes', (bytes) => {
    expect(findWebhookSecretProblem(secretOf(bytes))).toBeUndefined();
  });

  it.each([
    ['without its prefix', secretOf(32).slice('whsec_'.length)],
    ['that is not base64', 'whsec_this is no base64 at all, is it?'],
    ['in base64url', `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`],
    ['cut short', secretOf(32).slice(0, -2)],
    ['of 23 bytes', secretOf(23)],
    ['of 65 bytes', secretOf(65)],
    ['that is empty', 'whsec_'],
  ])('refuses a secret %s', (_what, secret) => {
    expect(findWebhookSecretProblem(secret)).toMatch(/^every secret must/);
  });

  it('keeps a program with a wrong secret from starting, without showing the secret', () => {
    const wrong = 'correct-horse-battery-staple';
    let thrown: unknown;

    try {
      loadWorkerConfig({ WEBHOOK_SECRETS: `${secretOf(32)},${wrong}` });
    } catch (error) {
      thrown = error;
    }

    expect(thrown).toBeInstanceOf(ConfigError);
    expect(String(thrown)).toContain('WEBHOOK_SECRETS: every secret must be whsec_ followed by base64');
    expect(String(thrown)).not.toContain(wrong);
    expect(String(thrown)).not.toContain(secretOf(32).slice('whsec_'.length));
  });
});

const MASTER = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NEXT_MASTER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const ACME = 'whsec_ZdvM+w0AXTT7NP5n8frmleUWvzrS/HaCrwijTB9vUWY=';
const NEXT_ACME = 'whsec_/M3YLXg68LfuwePLPFb6qLmjuF/+dK4FjKtpxrCeFGE=';
const MESSAGE = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1_614_265_330,
  body: '{"test": 2432232314}',
};

describe('tenantWebhookSecret', () => {
  // Made with Python's hmac: extract with 32 zero bytes, expand with the context and the name.
  it.each([
    [MASTER, 'acme', ACME, 'v1,4xomuNq1dboDPThXL/KKzMuRz0gM5o/7VVEfFvSMKtE='],
    [
      MASTER,
      'acme-2',
      'whsec_oOAXfgMlOTeEu0709YF1bWsvmtdoY63z25cnBdJC6JU=',
      'v1,/AhWcHcfHISE1+SlIw0lbt4dNTF5hjiHxjNA0E2bHec=',
    ],
    [NEXT_MASTER, 'acme', NEXT_ACME, 'v1,PPW2ka5YkZwNa9+oQYqFeNCVdwLRulmoGEKRzfsodWY='],
  ])('derives of %s for %s the fixed secret and signature', (master, tenant, secret, signature) => {
    const derived = tenantWebhookSecret(master, tenant);

    expect(derived).toBe(secret);
    expect(findWebhookSecretProblem(derived)).toBeUndefined();
    expect(signWebhook(MESSAGE, [derived])).toBe(signature);
  });

  it('leaves callers without a key the master itself', () => {
    expect(tenantWebhookSecret(MASTER, 'anonymous')).toBe(MASTER);
  });
});

const OWN = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;
const NEXT_OWN = `whsec_${Buffer.alloc(24, 4).toString('base64')}`;

describe('signingSecrets', () => {
  const settings = { WEBHOOK_SECRETS: [MASTER, NEXT_MASTER], WEBHOOK_SHARED_SIGNATURE: false };

  it('gives one secret of the tenant for each master, and never a master', () => {
    expect(signingSecrets('acme', settings, 0)).toEqual([ACME, NEXT_ACME]);
  });

  it('adds the masters while receivers still have them', () => {
    expect(signingSecrets('acme', { ...settings, WEBHOOK_SHARED_SIGNATURE: true }, 0)).toEqual([
      ACME,
      NEXT_ACME,
      MASTER,
      NEXT_MASTER,
    ]);
  });

  it('signs once with each master for callers without a key', () => {
    const shared = { ...settings, WEBHOOK_SHARED_SIGNATURE: true };

    expect(signingSecrets('anonymous', settings, 0)).toEqual([MASTER, NEXT_MASTER]);
    expect(signingSecrets('anonymous', shared, 0)).toEqual([MASTER, NEXT_MASTER]);
  });

  it('signs with the own secrets of a tenant that have not expired, and then with no other', () => {
    const expires = new Date(1_000).toISOString();
    const secrets = [{ secret: OWN, expires }, NEXT_OWN];
    const { tenants, problems } = readTenants(
      JSON.stringify({ tenants: { acme: { webhook: { secrets } }, other: {} } }),
      loadWorkerConfig({}).config,
    );
    const shared = { ...settings, WEBHOOK_SHARED_SIGNATURE: true, tenants };

    expect(problems).toEqual([]);
    expect(signingSecrets('acme', shared, 999)).toEqual([OWN, NEXT_OWN]);
    expect(signingSecrets('acme', shared, 1_000)).toEqual([NEXT_OWN]);
    expect(signingSecrets('other', { ...settings, tenants }, 0)).toEqual(
      settings.WEBHOOK_SECRETS.map((master) => tenantWebhookSecret(master, 'other')),
    );
  });

  it('warns while forged webhooks can pass at receivers', () => {
    expect(loadWorkerConfig({}).warnings).toEqual([]);
    expect(loadWorkerConfig({ WEBHOOK_SHARED_SIGNATURE: 'true' }).warnings).toEqual([
      expect.stringContaining('WEBHOOK_SHARED_SIGNATURE'),
    ]);
  });
});
