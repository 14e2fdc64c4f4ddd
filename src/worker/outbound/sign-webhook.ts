import { Webhook } from 'standardwebhooks';

/** One message as it is signed. */
export interface WebhookMessage {
  /** The `webhook-id`, the same for every attempt. */
  readonly id: string;
  /** Time of the attempt, whole seconds since 1970: the `webhook-timestamp`. */
  readonly timestampSeconds: number;
  /** The exact text that is sent. */
  readonly body: string;
}

/** Key lengths that Standard Webhooks 1.0 allows, bytes. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/**
 * Returns the `webhook-signature` header: one `v1,` signature a secret, in the secrets' order, separated by spaces, so
 * that receivers may hold the old or the new secret while it is being changed. `secrets`: at least one `whsec_` text.
 * @see Standard Webhooks 1.0, "Signature scheme": HMAC-SHA256 of `id.timestamp.body`, base64.
 */
export function signWebhook(message: WebhookMessage, secrets: readonly string[]): string {
  if (secrets.length === 0) throw new Error('this is a bug: a webhook without a secret cannot be signed');
  const time = new Date(message.timestampSeconds * 1_000);
  return secrets.map((secret) => new Webhook(secret).sign(message.id, time, message.body)).join(' ');
}

/** Returns what is wrong with each secret that cannot be used, by its place in the list and never by its text. */
export function validateWebhookSecrets(secrets: readonly string[]): readonly string[] {
  return secrets.flatMap((secret, index) => {
    const encoded = SECRET.exec(secret)?.[1];
    if (encoded === undefined) return [`secret ${index + 1} must be whsec_ followed by base64`];
    const bytes = Buffer.from(encoded, 'base64').length;
    if (bytes >= MIN_SECRET_BYTES && bytes <= MAX_SECRET_BYTES) return [];
    return [`secret ${index + 1} must hold ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes`];
  });
}
