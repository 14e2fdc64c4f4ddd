import { hkdfSync } from 'node:crypto';
import { ANONYMOUS, isValidAt } from '../config/api-keys.js';
import type { Tenants } from '../tenants/tenant.js';

/** Key lengths that Standard Webhooks 1.0 allows, bytes. */
const MIN_BYTES = 24;
const MAX_BYTES = 64;
const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/** Length of a tenant's key, bytes. */
const TENANT_KEY_BYTES = 32;
/** Context of the derivation (`info` of RFC 5869), before the tenant's name. Never changes: receivers hold the result. */
const DERIVATION = 'face-verification webhook v1:';

/** Describes the problem of an entry of WEBHOOK_SECRETS without quoting it; undefined if there is none. */
export function findWebhookSecretProblem(secret: string): string | undefined {
  const encoded = SECRET.exec(secret)?.[1];
  if (encoded === undefined) return 'every secret must be whsec_ followed by base64';
  const bytes = Buffer.from(encoded, 'base64').length;
  if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return undefined;
  return `every secret must have ${MIN_BYTES} to ${MAX_BYTES} bytes`;
}

/**
 * Returns the secret that signs the webhooks of `tenant`: HKDF-SHA256 of the bytes of `master` (an entry of
 * WEBHOOK_SECRETS), without salt. No tenant can compute another's, nor the master. Without API keys there is one tenant,
 * `anonymous`, and its secret is the master itself.
 * @see RFC 5869
 */
export function tenantWebhookSecret(master: string, tenant: string): string {
  if (tenant === ANONYMOUS) return master;
  const bytes = Buffer.from(master.slice('whsec_'.length), 'base64');
  const key = hkdfSync('sha256', bytes, '', `${DERIVATION}${tenant}`, TENANT_KEY_BYTES);
  return `whsec_${Buffer.from(key).toString('base64')}`;
}

export interface SigningSettings {
  /** The masters. Several while one replaces another. */
  readonly WEBHOOK_SECRETS: readonly string[];
  /** True: also sign with the masters, for receivers that still use one. */
  readonly WEBHOOK_SHARED_SIGNATURE: boolean;
  /** Tenants of TENANTS_FILE, by name. */
  readonly tenants?: Tenants | undefined;
}

/**
 * Returns the secrets that sign the webhooks of `tenant` at `now`, ms since 1970: its own that have not expired, in their
 * order. If it has none of its own: one for each master in their order, then shared ones.
 */
export function signingSecrets(tenant: string, settings: SigningSettings, now: number): readonly string[] {
  const ownSecrets = settings.tenants?.get(tenant)?.webhookSecrets;
  if (ownSecrets) return ownSecrets.flatMap((entry) => (isValidAt(entry, now) ? [entry.secret] : []));
  const masters = settings.WEBHOOK_SECRETS;
  const own = masters.map((master) => tenantWebhookSecret(master, tenant));
  return [...new Set(settings.WEBHOOK_SHARED_SIGNATURE ? [...own, ...masters] : own)];
}
