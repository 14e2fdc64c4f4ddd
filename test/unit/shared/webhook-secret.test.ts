import { describe, expect, it } from 'vitest';
import { ConfigError, loadWorkerConfig } from '../../../src/shared/config.js';
import { findWebhookSecretProblem } from '../../../src/shared/webhook-secret.js';

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

  it('keeps a program with a wrong secret from starting, without telling the secret', () => {
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
