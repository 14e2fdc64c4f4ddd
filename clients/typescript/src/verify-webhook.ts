import { Webhook as Verifier } from 'standardwebhooks';
import type { BatchWebhook, Webhook } from './types.js';

export interface WebhookRules {
  /** `whsec_…` of your API key: `npm run webhook-secret -- NAME` of the service prints it. */
  readonly secret: string;
  /** Name of your API key; `anonymous` without keys. */
  readonly tenant: string;
}

/** Headers of a request, as fetch or Node has them. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Returns the parsed body of a genuine webhook; `type` says of what. Then check that you submitted its job for its user, or
 * its batch.
 * @param body The bytes as they came; parsing and printing them again breaks the signature.
 * @throws Error if the signature is wrong, the timestamp more than five minutes off, or the webhook another tenant's.
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  rules: WebhookRules,
): Webhook | BatchWebhook {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const webhook = new Verifier(rules.secret).verify(text, plainHeaders(headers)) as Webhook | BatchWebhook;
  if (webhook.tenant !== rules.tenant) throw new Error(`The webhook is for the tenant ${webhook.tenant}`);
  return webhook;
}

function plainHeaders(headers: WebhookHeaders): Record<string, string> {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}
