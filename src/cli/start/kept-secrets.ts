import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createReceiptKeys, findSigningKey, parseReceiptKeys } from '../../shared/receipts/receipt-keys.js';
import { findWebhookSecretProblem } from '../../shared/webhooks/webhook-secret.js';

/** Returns the webhook secret that is stored in `folder`, so that it stays the same for receivers. Creates it if needed. */
export function keepWebhookSecret(folder: string): string {
  return keepSecret(folder, {
    file: 'webhook-secret',
    isValid: (text) => findWebhookSecretProblem(text) === undefined,
    create: () => `whsec_${randomBytes(32).toString('base64')}`,
  });
}

/** Returns the key for receipts that is stored in `folder`, so that older receipts stay valid. Creates it if needed. */
export function keepReceiptKeys(folder: string): string {
  return keepSecret(folder, {
    file: 'receipt-keys',
    isValid: (text) => findSigningKey(parseReceiptKeys(text).keys) !== undefined,
    create: createReceiptKeys,
  });
}

interface Secret {
  readonly file: string;
  readonly isValid: (text: string) => boolean;
  readonly create: () => string;
}

/**
 * Returns the secret of a file in `folder`, beside the data of the local Redis. If it does not exist or is damaged, creates
 * one that only this user can read.
 */
function keepSecret(folder: string, { file, isValid, create }: Secret): string {
  const path = join(folder, file);
  const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (kept !== '' && isValid(kept)) return kept;
  const secret = create();
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  return secret;
}
