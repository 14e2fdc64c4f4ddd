import { Webhook } from 'standardwebhooks';

/** The signed parts of a message. */
export interface WebhookMessage {
  /** The `webhook-id`, the same for every attempt. */
  readonly id: string;
  /** Time of the attempt, whole seconds since 1970: the `webhook-timestamp`. */
  readonly timestampSeconds: number;
  /** The exact text that is sent. */
  readonly body: string;
}

/**
 * Returns the `webhook-signature` header: one `v1,` signature per secret, in their order, separated by spaces, so that
 * receivers can hold either secret during a rotation. `secrets`: at least one `whsec_` text.
 * @see Standard Webhooks 1.0, "Signature scheme": HMAC-SHA256 of `id.timestamp.body`, base64.
 */
export function signWebhook(message: WebhookMessage, secrets: readonly string[]): string {
  if (secrets.length === 0) throw new Error('this is a bug: a webhook without a secret cannot be signed');
  const time = new Date(message.timestampSeconds * 1_000);
  return secrets.map((secret) => new Webhook(secret).sign(message.id, time, message.body)).join(' ');
}
