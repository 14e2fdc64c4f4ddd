import type { ApiKey, Expiring } from '../config/api-keys.js';
import type { AddressPolicy } from '../net/address-policy.js';

/** A secret that signs webhooks. */
export interface WebhookSecret extends Expiring {
  /** `whsec_` and base64. */
  readonly secret: string;
}

/** A tenant of TENANTS_FILE. An absent setting has the value of the variable for all tenants. */
export interface Tenant {
  readonly name: string;
  /** Hashed. None: the tenant cannot call, but its jobs and webhooks continue. */
  readonly keys: readonly ApiKey[];
  /** 0 for no limit. */
  readonly rateLimitPerMinute?: number | undefined;
  /** Its share of the fair order, as a multiple of that of a tenant with 1. */
  readonly queueWeight: number;
  readonly maxQueueShare?: number | undefined;
  readonly threshold?: number | undefined;
  /** At least MIN_THRESHOLD. */
  readonly minThreshold?: number | undefined;
  readonly minMatches?: 2 | 3 | undefined;
  /** At most JOB_RETENTION_SECONDS. */
  readonly retentionSeconds?: number | undefined;
  readonly webhookUrl?: string | undefined;
  /** Its own; absent if those derived from WEBHOOK_SECRETS sign. */
  readonly webhookSecrets?: readonly WebhookSecret[] | undefined;
  /** The rules for URLs, narrowed to its image hosts. */
  readonly addressPolicy: AddressPolicy;
}

export type Tenants = ReadonlyMap<string, Tenant>;
