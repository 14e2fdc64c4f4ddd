import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/** How to log in once connected. */
export interface RedisAccess extends Credentials {
  readonly db: number;
  readonly tls?: ConnectionOptions;
}

/** Where Redis is, read from REDIS_URL. */
export interface RedisTarget {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Name of the sentinel group. */
  readonly group?: string;
  /** How to log in at the sentinels themselves; empty where they ask for nothing. */
  readonly sentinelAccess: Credentials;
  readonly access: RedisAccess;
}

const URL_PATTERN =
  /^(redis|rediss)(\+sentinel|\+cluster)?:\/\/(?:([^@/]*)@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;

/**
 * Reads `redis[s]://[user:password@]host[:port][/db]`, `redis[s]+sentinel://…host:port,host:port/group[/db]` or
 * `redis[s]+cluster://…host:port,host:port`. With `rediss` everything is spoken to over TLS, sentinels too; `?ca=FILE`
 * names the authority to trust and `?servername=NAME` the name in the certificate. `?sentinelPassword=` and
 * `?sentinelUsername=` log in at the sentinels.
 * @returns undefined when the text has another form.
 */
export function parseRedisUrl(url: string): RedisTarget | undefined {
  const match = URL_PATTERN.exec(url);
  if (!match) return undefined;
  const [, scheme, suffix, credentials, hosts = '', path = '', query = ''] = match;
  const nodes = hosts.split(',').map((host) => parseNode(host, suffix === '+sentinel' ? 26_379 : 6_379));
  const parameters = new URLSearchParams(query);
  const segments = path.split('/').filter(Boolean);
  const group = suffix === '+sentinel' ? segments.shift() : undefined;
  const db = Number(segments[0] ?? 0);
  const complete = nodes.every((node) => node !== undefined) && Number.isInteger(db) && db >= 0;
  if (!complete || (suffix === '+sentinel' && !group) || (!suffix && nodes.length > 1)) return undefined;
  return {
    kind: suffix === '+sentinel' ? 'sentinel' : suffix === '+cluster' ? 'cluster' : 'single',
    nodes: nodes.filter((node) => node !== undefined),
    ...(group ? { group } : {}),
    sentinelAccess: makeCredentials(parameters.get('sentinelUsername'), parameters.get('sentinelPassword')),
    access: {
      db,
      ...readCredentials(credentials),
      ...(scheme === 'rediss' ? { tls: readTls(parameters) } : {}),
    },
  };
}

function parseNode(text: string, defaultPort: number): { host: string; port: number } | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text.trim());
  const port = Number(match?.[2] ?? defaultPort);
  if (!match?.[1] || port < 1 || port > 65_535) return undefined;
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function readCredentials(text: string | undefined): Credentials {
  if (!text) return {};
  const [username, ...password] = text.split(':').map(decodeURIComponent);
  return makeCredentials(username, password.length > 0 ? password.join(':') : null);
}

function makeCredentials(username: string | null | undefined, password: string | null): Credentials {
  return { ...(username ? { username } : {}), ...(password === null ? {} : { password }) };
}

function readTls(parameters: URLSearchParams): ConnectionOptions {
  const ca = parameters.get('ca');
  const servername = parameters.get('servername');
  return { ...(ca ? { ca: readFileSync(ca) } : {}), ...(servername ? { servername } : {}) };
}
