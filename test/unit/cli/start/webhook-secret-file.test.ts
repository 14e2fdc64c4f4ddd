import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepWebhookSecret } from '../../../../src/cli/start/webhook-secret-file.js';

describe('keepWebhookSecret', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'face-secret-')), '8333');
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

  it('creates a secret once, which only this user can read', () => {
    const secret = keepWebhookSecret(folder);

    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(keepWebhookSecret(folder)).toBe(secret);
    expect(statSync(join(folder, 'webhook-secret')).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('replaces a damaged one', () => {
    keepWebhookSecret(folder);
    writeFileSync(join(folder, 'webhook-secret'), 'whsec_');

    expect(keepWebhookSecret(folder)).toBe(readFileSync(join(folder, 'webhook-secret'), 'utf8').trim());
    expect(keepWebhookSecret(folder)).not.toBe('whsec_');
  });
});
