import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findWebhookSecretProblem } from '../../shared/webhooks/webhook-secret.js';

/**
 * Returns the webhook secret that is stored in `folder`, beside the data of the local Redis, so that it stays the same for
 * receivers. If it does not exist or is damaged, creates a secret that only this user can read.
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
