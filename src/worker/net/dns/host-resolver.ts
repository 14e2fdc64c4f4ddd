import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { startDeadline } from '../deadline.js';
import { askNameServers, type FoundAddresses, type LookupFailure } from './ask-name-servers.js';
import { readHostsFile, readSearchRules } from './system-files.js';

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
export function createHostResolver(options: HostResolverOptions = {}): LookupFunction {
  const resolver = new CachingResolver(options);
  return (hostname, { all }, callback) => {
    resolver.resolve(hostname.toLowerCase()).then(
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

interface Remembered {
  readonly found: FoundAddresses;
  readonly until: number;
}

class CachingResolver {
  readonly #servers: readonly string[];
  readonly #hosts: ReturnType<typeof readHostsFile>;
  readonly #searchRules: ReturnType<typeof readSearchRules>;
  readonly #asked = new Map<string, Promise<FoundAddresses>>();
  readonly #remembered = new Map<string, Remembered>();

  constructor({
    servers = [],
    hostsFile = '/etc/hosts',
    resolverFile = '/etc/resolv.conf',
  }: HostResolverOptions) {
    this.#servers = servers;
    this.#hosts = readHostsFile(hostsFile);
    this.#searchRules = readSearchRules(resolverFile);
  }

  async resolve(name: string): Promise<FoundAddresses> {
    const listed = this.#hosts().get(name);
    if (listed !== undefined) return { addresses: listed, ttlSeconds: 0 };
    if (name === 'localhost' || name.endsWith('.localhost')) return { addresses: LOOPBACK, ttlSeconds: 0 };
    const remembered = this.#remembered.get(name);
    if (remembered !== undefined && remembered.until > performance.now()) return remembered.found;
    const asked = this.#asked.get(name) ?? this.#ask(name);
    this.#asked.set(name, asked);
    return asked;
  }

  async #ask(name: string): Promise<FoundAddresses> {
    const startedAt = performance.now();
    const deadline = startDeadline(LOOKUP_TIMEOUT_MS);
    try {
      const found = await this.#askInOrder(this.#fullNames(name), deadline.signal);
      this.#remember(name, found, performance.now() - startedAt);
      return found;
    } finally {
      deadline.end();
      this.#asked.delete(name);
    }
  }

  /** Tries the next name only if a name does not exist: a timeout does not mean that. */
  async #askInOrder(names: readonly string[], signal: AbortSignal): Promise<FoundAddresses> {
    let found: FoundAddresses = { addresses: [], failure: 'not_found', ttlSeconds: 0 };
    for (const name of names) {
      found = await askNameServers(name, { servers: this.#servers, signal });
      if (found.failure !== 'not_found') return found;
    }
    return found;
  }

  #fullNames(name: string): readonly string[] {
    const { domains, ndots } = this.#searchRules();
    const dots = name.split('.').length - 1;
    const completed = dots < ndots ? domains.map((domain) => `${name}.${domain}`) : [];
    return dots === 0 ? [...completed, name] : [name, ...completed];
  }

  #remember(name: string, found: FoundAddresses, tookMs: number): void {
    const reuseMs = reuseOf(found, tookMs);
    this.#remembered.delete(name);
    if (reuseMs === 0) return;
    this.#remembered.set(name, { found, until: performance.now() + reuseMs });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
  }
}

function reuseOf({ failure, ttlSeconds }: FoundAddresses, tookMs: number): number {
  if (failure === undefined) return Math.min(ttlSeconds * 1_000, MAX_REUSE_MS);
  return failure === 'not_found' || tookMs >= SLOW_FAILURE_MS ? FAILURE_REUSE_MS : 0;
}
