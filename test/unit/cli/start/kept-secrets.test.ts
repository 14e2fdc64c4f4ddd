import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepReceiptKeys, keepWebhookSecret } from '../../../../src/cli/start/kept-secrets.js';
import { parseReceiptKeys } from '../../../../src/shared/receipts/receipt-keys.js';

const secrets = [
  { file: 'webhook-secret', keep: keepWebhookSecret, damaged: 'whsec_' },
  { file: 'receipt-keys', keep: keepReceiptKeys, damaged: '{"keys":[' },
];

describe.each(secrets)('the kept $file', ({ file, keep, damaged }) => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'face-secret-')), '8333');
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

  it('is created once, and only this user can read it', () => {
    const secret = keep(folder);

    expect(keep(folder)).toBe(secret);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('is replaced if it is damaged', () => {
    keep(folder);
    writeFileSync(join(folder, file), damaged);

    expect(keep(folder)).toBe(readFileSync(join(folder, file), 'utf8').trim());
    expect(keep(folder)).not.toBe(damaged);
  });

  it('has the form that the programs accept', () => {
    expect(keepWebhookSecret(folder)).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(parseReceiptKeys(keepReceiptKeys(folder))).toMatchObject({ keys: [{}], problems: [] });
  });
});
