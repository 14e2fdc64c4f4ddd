import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findWebhookSecretProblem } from '../../shared/webhooks/webhook-secret.js';

/**
 * Returns the webhook secret kept in `folder`, beside the data of the local Redis, so that receivers need it once. Makes
 * one, readable by this user alone, where there is none or a damaged one.
 */
export function keepWebhookSecret(folder: string): string {
  const path = join(folder, 'webhook-secret');
  const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (kept !== '' && findWebhookSecretProblem(kept) === undefined) return kept;
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  return secret;
}
