/** Key lengths that Standard Webhooks 1.0 allows, bytes. */
const MIN_BYTES = 24;
const MAX_BYTES = 64;
const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/** Returns what is wrong with an entry of WEBHOOK_SECRETS, as a sentence that does not quote it, or undefined when nothing is. */
export function findWebhookSecretProblem(secret: string): string | undefined {
  const encoded = SECRET.exec(secret)?.[1];
  if (encoded === undefined) return 'every secret must be whsec_ followed by base64';
  const bytes = Buffer.from(encoded, 'base64').length;
  if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return undefined;
  return `every secret must hold ${MIN_BYTES} to ${MAX_BYTES} bytes`;
}
