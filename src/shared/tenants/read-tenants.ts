import { hash } from 'node:crypto';
import { load, YAMLException } from 'js-yaml';
import type { z } from 'zod';
import { ANONYMOUS, type ApiKey, digestOf, isKeyName } from '../config/api-keys.js';
import { toVerificationError } from '../errors.js';
import { explainIssue } from '../explain-issue.js';
import { type AddressPolicy, checkUrl, narrowImageHosts } from '../net/address-policy.js';
import type { Tenant, Tenants } from './tenant.js';
import { type TenantEntry, tenantSchema, tenantsSchema } from './tenant-schema.js';

/** The settings for all tenants within which each tenant stays. */
export interface TenantBounds {
  readonly MIN_THRESHOLD: number;
  readonly JOB_RETENTION_SECONDS: number;
  readonly WEBHOOK_SECRETS: readonly string[];
  readonly addressPolicy: AddressPolicy;
  /**
   * Keys of API_KEYS and ADMIN_API_KEYS. A worker knows none: it decodes untrusted files, so it does not get callers' keys, not
   * even their names. It therefore uses a file that only the API refuses, until the operator corrects it.
   */
  readonly API_KEYS?: readonly ApiKey[];
  readonly ADMIN_API_KEYS?: readonly ApiKey[];
}

export interface ReadTenants {
  readonly tenants: Tenants;
  /** Each names the tenant and the field. None quotes a key or a secret. */
  readonly problems: readonly string[];
}

/** Aliases in a file; more would let a small file expand to a large one. */
const MAX_ALIASES = 1_000;

/** Reads the text of TENANTS_FILE, YAML or JSON. */
export function readTenants(text: string, bounds: TenantBounds): ReadTenants {
  const parsed = parseText(text);
  if ('problem' in parsed) return { tenants: new Map(), problems: [parsed.problem] };
  const file = tenantsSchema.safeParse(parsed.value, { error: explainIssue });
  if (!file.success) return { tenants: new Map(), problems: describeIssues('the file', file.error) };
  const tenants = new Map<string, Tenant>();
  const problems: string[] = [];
  for (const [name, entry] of Object.entries(file.data.tenants)) {
    const nameProblem = findNameProblem(name, bounds);
    if (nameProblem) problems.push(nameProblem);
    const checked = tenantSchema.safeParse(entry, { error: explainIssue });
    if (!checked.success) problems.push(...describeIssues(`tenant ${name}`, checked.error));
    else {
      problems.push(...findProblems(checked.data, bounds).map((problem) => `tenant ${name}: ${problem}`));
      tenants.set(name, toTenant(name, checked.data, bounds));
    }
  }
  return { tenants, problems: [...problems, ...findShared(tenants, bounds)] };
}

/** The parser's message would quote lines of the file, and so keys. */
function parseText(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: load(text, { maxAliases: MAX_ALIASES }) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark ? ` in line ${error.mark.line + 1}` : '';
    const isTwice = error.reason.includes('duplicated');
    return { problem: `is neither YAML nor JSON${line}${isTwice ? ': a name is there twice' : ''}` };
  }
}

function describeIssues(where: string, { issues }: z.ZodError): readonly string[] {
  return issues.map(({ path, message }) => {
    const field = path.reduce<string>(
      (text, part) =>
        typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part)}`,
      '',
    );
    return field ? `${where}: ${field} ${message}` : `${where} ${message}`;
  });
}

function findNameProblem(name: string, { API_KEYS = [] }: TenantBounds): string | undefined {
  const quoted = JSON.stringify(name.slice(0, 64));
  if (!isKeyName(name)) return `tenant ${quoted}: the name must have 1 to 64 letters, digits, _, . and -`;
  if (name === ANONYMOUS) return `tenant ${name}: the name stands for callers without a key`;
  if (API_KEYS.some((key) => key.name === name))
    return `tenant ${name}: API_KEYS has a key of this name too; keep one of the two`;
  return undefined;
}

/** Describes what is wrong with a tenant in this service, as `field must …`. */
function findProblems(entry: TenantEntry, bounds: TenantBounds): readonly string[] {
  const { threshold, min_threshold: minThreshold, retention_seconds: retention, webhook } = entry;
  const problems: string[] = [];
  const { MIN_THRESHOLD: floor, JOB_RETENTION_SECONDS: longest } = bounds;
  if (minThreshold !== undefined && minThreshold < floor)
    problems.push(`min_threshold must be at least ${floor}, the MIN_THRESHOLD of the service`);
  const least = Math.max(floor, minThreshold ?? 0);
  if (threshold !== undefined && threshold < least)
    problems.push(`threshold must be at least ${least}, its lowest threshold`);
  if (retention !== undefined && retention > longest)
    problems.push(`retention_seconds must be at most ${longest}, the JOB_RETENTION_SECONDS of the service`);
  if (webhook?.url !== undefined) {
    if (!webhook.secrets && bounds.WEBHOOK_SECRETS.length === 0)
      problems.push('webhook.url needs webhook.secrets, because every webhook is signed');
    try {
      checkUrl(webhook.url, bounds.addressPolicy, 'callback');
    } catch (error) {
      problems.push(`webhook.url: ${toVerificationError(error).message}`);
    }
  }
  return problems;
}

function toTenant(name: string, entry: TenantEntry, { addressPolicy }: TenantBounds): Tenant {
  const keys = entry.keys.map(({ key, sha256 = '', expires }) => ({
    name,
    digest: key === undefined ? Buffer.from(sha256, 'hex') : digestOf(key),
    expiresAt: expires,
  }));
  return {
    name,
    keys,
    rateLimitPerMinute: entry.rate_limit_per_minute,
    queueWeight: entry.queue_weight,
    maxQueueShare: entry.max_queue_share,
    threshold: entry.threshold,
    minThreshold: entry.min_threshold,
    minMatches: entry.min_matches,
    retentionSeconds: entry.retention_seconds,
    webhookUrl: entry.webhook?.url,
    webhookSecrets: entry.webhook?.secrets?.map(({ secret, expires }) => ({ secret, expiresAt: expires })),
    addressPolicy: narrowImageHosts(addressPolicy, entry.allowed_image_hosts),
  };
}

/** Describes keys and secrets that stand at two places: nobody could say whose they are. */
function findShared(tenants: Tenants, bounds: TenantBounds): readonly string[] {
  const owners = new Map<string, string>();
  for (const { name, digest } of bounds.API_KEYS ?? []) owners.set(hex(digest), `${name} in API_KEYS`);
  for (const { name, digest } of bounds.ADMIN_API_KEYS ?? [])
    owners.set(hex(digest), `${name} in ADMIN_API_KEYS`);
  for (const secret of bounds.WEBHOOK_SECRETS) owners.set(secretId(secret), 'WEBHOOK_SECRETS');
  const problems: string[] = [];
  const claim = (id: string, name: string, what: string): void => {
    const owner = owners.get(id);
    if (owner) problems.push(`tenant ${name}: ${what} is also that of ${owner}`);
    owners.set(id, `tenant ${name}`);
  };
  for (const { name, keys, webhookSecrets } of tenants.values()) {
    for (const [index, { digest }] of keys.entries()) claim(hex(digest), name, `keys[${index}]`);
    for (const [index, { secret }] of (webhookSecrets ?? []).entries())
      claim(secretId(secret), name, `webhook.secrets[${index}]`);
  }
  return problems;
}

const hex = (digest: Uint8Array): string => Buffer.from(digest).toString('hex');
const secretId = (secret: string): string => hash('sha256', `webhook secret ${secret}`);
