import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/** Login at Redis. */
export interface RedisAccess extends Credentials {
  readonly db: number;
  readonly tls?: ConnectionOptions;
}

/** The Redis in REDIS_URL. */
export interface RedisTarget {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Name of the sentinel group. */
  readonly group?: string;
  /** Login at the sentinels; empty if they need none. */
  readonly sentinelAccess: Credentials;
  readonly access: RedisAccess;
}

const URL_PATTERN =
  /^(redis|rediss)(\+sentinel|\+cluster)?:\/\/(?:([^@/]*)@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;

const PARAMETERS = ['ca', 'servername', 'sentinelUsername', 'sentinelPassword'];
/** More databases than any server has; a higher number is a typing error. */
const MAX_DB = 99_999;

/**
 * Reads `redis[s]://[user:password@]host[:port][/db]`, `redis[s]+sentinel://…host:port,host:port/group[/db]` or
 * `redis[s]+cluster://…host:port,host:port`. With `rediss` all connections use TLS, also to sentinels; `?ca=FILE`
 * names the trusted authority and `?servername=NAME` the name in the certificate. `?sentinelPassword=` and
 * `?sentinelUsername=` are the login at the sentinels.
 * @throws Error with a message that quotes nothing, because any part can contain a piece of the password.
 */
export function parseRedisUrl(url: string): RedisTarget {
  const match = URL_PATTERN.exec(url);
  if (!match) throw new Error('must look like redis://host:6379');
  const [, scheme, suffix, credentials, hosts = '', path = '', query = ''] = match;
  const kind = suffix === '+sentinel' ? 'sentinel' : suffix === '+cluster' ? 'cluster' : 'single';
  const parameters = readParameters(query);
  const segments = path.split('/').filter(Boolean);
  const group = kind === 'sentinel' ? segments.shift() : undefined;
  if (kind === 'sentinel' && !group)
    throw new Error('must name the sentinel group: redis+sentinel://host:26379/group');
  return {
    kind,
    nodes: readNodes(hosts, kind),
    ...(group ? { group } : {}),
    sentinelAccess: makeCredentials(parameters.get('sentinelUsername'), parameters.get('sentinelPassword')),
    access: {
      db: readDb(segments, kind),
      ...readCredentials(credentials),
      ...(scheme === 'rediss' ? { tls: readTls(parameters) } : {}),
    },
  };
}

/** Returns the hosts and database of a Redis for logs and errors, without user and password. */
export function describeRedis({ nodes, access }: RedisTarget): string {
  const hosts = nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
  return `${hosts}/${access.db}`;
}

function readNodes(hosts: string, kind: RedisTarget['kind']): RedisTarget['nodes'] {
  const parts = hosts.split(',');
  if (kind === 'single' && parts.length > 1)
    throw new Error('names several hosts: use redis+sentinel:// or redis+cluster://');
  return parts.map((host) => parseNode(host, kind === 'sentinel' ? 26_379 : 6_379));
}

function readDb([text = '0', ...rest]: readonly string[], kind: RedisTarget['kind']): number {
  const db = /^\d{1,5}$/.test(text) && rest.length === 0 ? Number(text) : MAX_DB + 1;
  if (db > MAX_DB)
    throw new Error('the database after the host must be a whole number, like redis://host:6379/1');
  if (kind === 'cluster' && db > 0) throw new Error('a cluster has only database 0');
  return db;
}

function readParameters(query: string): URLSearchParams {
  const parameters = new URLSearchParams(query);
  if ([...parameters.keys()].some((name) => !PARAMETERS.includes(name)))
    throw new Error(`has a parameter other than ${PARAMETERS.join(', ')}`);
  return parameters;
}

function parseNode(text: string, defaultPort: number): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(text.trim());
  const port = Number(match?.[2] ?? defaultPort);
  if (!match?.[1] || port < 1 || port > 65_535)
    throw new Error('a host or port is wrong; in a password, / @ : ? % are written as %2F %40 %3A %3F %25');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function readCredentials(text: string | undefined): Credentials {
  if (!text) return {};
  try {
    const [username, ...password] = text.split(':').map(decodeURIComponent);
    return makeCredentials(username, password.length > 0 ? password.join(':') : null);
  } catch {
    throw new Error('user or password has a % that is not written as %25');
  }
}

function makeCredentials(username: string | null | undefined, password: string | null): Credentials {
  return { ...(username ? { username } : {}), ...(password === null ? {} : { password }) };
}

function readTls(parameters: URLSearchParams): ConnectionOptions {
  const ca = parameters.get('ca');
  const servername = parameters.get('servername');
  return { ...(ca ? { ca: readAuthority(ca) } : {}), ...(servername ? { servername } : {}) };
}

function readAuthority(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new Error('the file that ?ca= names cannot be read');
  }
}
