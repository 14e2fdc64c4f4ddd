import { ANONYMOUS, createKeyIndex, isValidAt } from '../../shared/config/api-keys.js';
import type { ApiConfig } from '../../shared/config/config.js';
import type { AddressPolicy } from '../../shared/net/address-policy.js';
import type { Tenant } from '../../shared/tenants/tenant.js';

/** What a caller may do: the settings of its tenant, or those for all tenants. */
export interface CallerRules {
  /** True for a tenant of TENANTS_FILE. */
  readonly isListed: boolean;
  /** Requests per minute; 0 for no limit. */
  readonly rateLimitPerMinute: number;
  /** Share of the fair order, as a multiple of that of a caller with 1. */
  readonly queueWeight: number;
  /** Largest share of the places of the queue, above 0; 1 for no limit. */
  readonly queueShare: number;
  /** Threshold of requests that set none. */
  readonly threshold: number;
  /** True if that is FACE_MATCH_THRESHOLD, and not the tenant's own. */
  readonly isServiceThreshold: boolean;
  /** Lowest threshold that a request can set. */
  readonly minThreshold: number;
  /** The setting that `minThreshold` comes from. */
  readonly minThresholdSetting: string;
  readonly minMatches: 2 | 3;
  /** Target of webhooks of requests that name none. */
  readonly webhookUrl: string | undefined;
  /** True if there are secrets to sign webhooks with. */
  readonly canSign: boolean;
  readonly policy: AddressPolicy;
}

/** Who may call, and what each caller may do: one reading of the settings. */
export interface Access {
  /** True if callers need no key. */
  readonly isOpen: boolean;
  /** Names of callers that have settings; `anonymous` alone if callers need no key. */
  readonly names: readonly string[];
  /** Returns the name of the caller with this key; undefined if there is none, or if the key has expired. */
  findCaller(secret: string): string | undefined;
  findOperator(secret: string): string | undefined;
  /** Returns the rules of a caller that has just been found, or of `anonymous`. */
  rulesOf(name: string): CallerRules;
}

export type AccessSettings = Pick<
  ApiConfig,
  | 'API_KEYS'
  | 'ADMIN_API_KEYS'
  | 'WEBHOOK_SECRETS'
  | 'WEBHOOK_URL'
  | 'RATE_LIMIT_PER_MINUTE'
  | 'MAX_TENANT_QUEUE_SHARE'
  | 'FACE_MATCH_THRESHOLD'
  | 'FACE_MATCH_MIN_MATCHES'
  | 'MIN_THRESHOLD'
  | 'addressPolicy'
  | 'tenants'
>;

/** Returns the access that these settings give. `now`: ms since 1970. */
export function createAccess(settings: AccessSettings, now: () => number = Date.now): Access {
  const { API_KEYS, ADMIN_API_KEYS, tenants } = settings;
  const callerKeys = [...API_KEYS, ...[...(tenants?.values() ?? [])].flatMap(({ keys }) => keys)];
  const findCaller = createKeyIndex(callerKeys);
  const findOperator = createKeyIndex(ADMIN_API_KEYS);
  const isOpen = API_KEYS.length === 0 && tenants === undefined;
  const names = new Set([...API_KEYS.map(({ name }) => name), ...(tenants?.keys() ?? [])]);
  return {
    isOpen,
    names: isOpen ? [ANONYMOUS] : [...names],
    findCaller: (secret) => findCaller(secret, now())?.name,
    findOperator: (secret) => findOperator(secret, now())?.name,
    rulesOf: (name) => rulesOf(tenants?.get(name), { settings, isOpen, now: now() }),
  };
}

/** Returns a function that returns the access which the current settings give. */
export function followAccess(current: () => AccessSettings): () => Access {
  let settings = current();
  let access = createAccess(settings);
  return () => {
    if (settings !== current()) {
      settings = current();
      access = createAccess(settings);
    }
    return access;
  };
}

interface RuleSource {
  readonly settings: AccessSettings;
  readonly isOpen: boolean;
  readonly now: number;
}

/** Without a tenant: the rules for all. */
function rulesOf(tenant: Tenant | undefined, { settings, isOpen, now }: RuleSource): CallerRules {
  const own = tenant?.minThreshold;
  const minThreshold = own ?? settings.MIN_THRESHOLD;
  const threshold = tenant?.threshold ?? Math.max(settings.FACE_MATCH_THRESHOLD, minThreshold);
  return {
    isListed: tenant !== undefined,
    rateLimitPerMinute: tenant?.rateLimitPerMinute ?? settings.RATE_LIMIT_PER_MINUTE,
    queueWeight: tenant?.queueWeight ?? 1,
    // Without keys, all callers are one tenant.
    queueShare: tenant?.maxQueueShare ?? (isOpen ? 1 : settings.MAX_TENANT_QUEUE_SHARE),
    threshold,
    isServiceThreshold: tenant?.threshold === undefined && threshold === settings.FACE_MATCH_THRESHOLD,
    minThreshold,
    minThresholdSetting:
      own === undefined ? 'MIN_THRESHOLD of this service' : 'min_threshold of this API key',
    minMatches: tenant?.minMatches ?? settings.FACE_MATCH_MIN_MATCHES,
    webhookUrl: tenant?.webhookUrl ?? settings.WEBHOOK_URL,
    canSign:
      tenant?.webhookSecrets?.some((secret) => isValidAt(secret, now)) ?? settings.WEBHOOK_SECRETS.length > 0,
    policy: tenant?.addressPolicy ?? settings.addressPolicy,
  };
}
