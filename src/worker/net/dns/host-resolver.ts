import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { LRUCache } from 'lru-cache';
import { startDeadline } from '../deadline.js';
import {
  type AskOptions,
  askNameServers,
  type FoundAddresses,
  type LookupFailure,
} from './ask-name-servers.js';
import { readHostsFile, readSearchRules, type SearchRules } from './system-files.js';

/** Time for one look-up, including search domains, ms. */
const LOOKUP_TIMEOUT_MS = 4_000;
/** Longest time for which an answer is reused, ms; a shorter time to live takes precedence. */
const MAX_REUSE_MS = 10_000;
/** Time for which a name is not looked up again after it did not exist or failed slowly, ms. */
const FAILURE_REUSE_MS = 5_000;
/** Failures that took at least this long are remembered, ms; a quicker one may be transient. */
const SLOW_FAILURE_MS = 1_000;
const MAX_REMEMBERED = 1_000;

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** The codes that Node itself uses for these failures. */
const CODES: Record<LookupFailure, string> = {
  not_found: 'ENOTFOUND',
  timeout: 'ETIMEOUT',
  failed: 'EAI_AGAIN',
};

/** The addresses of a host could not be found. Code: ENOTFOUND, ETIMEOUT or EAI_AGAIN. */
class LookupError extends Error {
  override readonly name = 'LookupError';
  readonly code: string;

  constructor(failure: LookupFailure) {
    super(`look-up failed: ${failure}`);
    this.code = CODES[failure];
  }
}

export interface HostResolverOptions {
  /** Name servers, `ip` or `ip:port`, instead of those in resolv.conf. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  readonly resolverFile?: string;
}

/**
 * Returns a look-up with the signature of `dns.lookup` that silent name servers cannot exhaust. `dns.lookup` blocks one
 * of the process's four threads until the name servers answer; this one uses a socket per name for at most four seconds.
 *
 * Order: the hosts file; `localhost`; the name servers. A name with a dot is looked up as it is. If it does not exist
 * and has fewer dots than `ndots`, the search domains of resolv.conf follow; a name without a dot starts with them.
 * Concurrent look-ups of one name share one query. Answers are reused for their time to live, at most ten seconds, and
 * failures for five. Callers must check the addresses on every use.
 */
export function createHostResolver({
  servers = [],
  hostsFile = '/etc/hosts',
  resolverFile = '/etc/resolv.conf',
}: HostResolverOptions = {}): LookupFunction {
  const hosts = readHostsFile(hostsFile);
  const searchRules = readSearchRules(resolverFile);
  const asked = new Map<string, Promise<FoundAddresses>>();
  const remembered = new LRUCache<string, FoundAddresses>({ max: MAX_REMEMBERED });

  const ask = async (name: string): Promise<FoundAddresses> => {
    const startedAt = performance.now();
    const deadline = startDeadline(LOOKUP_TIMEOUT_MS);
    try {
      const found = await askInOrder(fullNames(name, searchRules()), { servers, signal: deadline.signal });
      const reuseMs = reuseOf(found, performance.now() - startedAt);
      if (reuseMs > 0) remembered.set(name, found, { ttl: reuseMs });
      return found;
    } finally {
      deadline.end();
      asked.delete(name);
    }
  };
  const resolve = async (name: string): Promise<FoundAddresses> => {
    const listed = hosts().get(name) ?? (/(^|\.)localhost$/.test(name) ? LOOPBACK : undefined);
    if (listed) return { addresses: listed, ttlSeconds: 0 };
    const known = remembered.get(name);
    if (known) return known;
    const answer = asked.get(name) ?? ask(name);
    asked.set(name, answer);
    return answer;
  };

  return (hostname, { all }, callback) => {
    resolve(hostname.toLowerCase()).then(
      ({ addresses, failure }) => {
        const [first] = addresses;
        if (first === undefined) callback(new LookupError(failure ?? 'not_found'), []);
        else if (all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, []),
    );
  };
}

/** Asks for the next name only if a name does not exist: a timeout does not mean that. */
async function askInOrder(names: readonly string[], options: AskOptions): Promise<FoundAddresses> {
  let found: FoundAddresses = { addresses: [], failure: 'not_found', ttlSeconds: 0 };
  for (const name of names) {
    found = await askNameServers(name, options);
    if (found.failure !== 'not_found') return found;
  }
  return found;
}

function fullNames(name: string, { domains, ndots }: SearchRules): readonly string[] {
  const dots = name.split('.').length - 1;
  const completed = dots < ndots ? domains.map((domain) => `${name}.${domain}`) : [];
  return dots === 0 ? [...completed, name] : [name, ...completed];
}

function reuseOf({ failure, ttlSeconds }: FoundAddresses, tookMs: number): number {
  if (failure === undefined) return Math.min(ttlSeconds * 1_000, MAX_REUSE_MS);
  return failure === 'not_found' || tookMs >= SLOW_FAILURE_MS ? FAILURE_REUSE_MS : 0;
}
