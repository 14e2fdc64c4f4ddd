import { promises as dns, type LookupAddress, type RecordWithTtl } from 'node:dns';

/** Time that a name server has to answer before it, or the next one, is asked again, ms. */
const ATTEMPT_MS = 1_000;
const ATTEMPTS = 3;
/** Time for which the addresses of one family wait for the other family, ms (RFC 8305 says 50; name servers vary). */
const OTHER_FAMILY_MS = 300;

/** `not_found`: the name has no address. `timeout`: no name server answered in time. `failed`: they returned an error. */
export type LookupFailure = 'not_found' | 'timeout' | 'failed';

export interface FoundAddresses {
  /** IPv4 first; empty when `failure` is set. */
  readonly addresses: readonly LookupAddress[];
  readonly failure?: LookupFailure;
  /** Smallest time to live of the records, seconds; 0 without addresses. */
  readonly ttlSeconds: number;
}

export interface AskOptions {
  /** Name servers, `ip` or `ip:port`; those of the system when empty. */
  readonly servers: readonly string[];
  /** Aborts all questions; unanswered ones then count as `timeout`. */
  readonly signal: AbortSignal;
}

/**
 * Resolves the IPv4 and IPv6 addresses of a full name. Never rejects. Each call has its own resolver and sockets, so it
 * blocks no thread, and calls for other names neither wait for it nor fail with it.
 */
export async function askNameServers(name: string, options: AskOptions): Promise<FoundAddresses> {
  const resolver = new dns.Resolver({ timeout: ATTEMPT_MS, tries: ATTEMPTS });
  if (options.servers.length > 0) resolver.setServers(options.servers);
  const cancel = (): void => resolver.cancel();
  options.signal.addEventListener('abort', cancel, { once: true });
  let patience: NodeJS.Timeout | undefined;
  const ask = async (records: Promise<RecordWithTtl[]>, family: 4 | 6): Promise<FoundAddresses> => {
    const found = await records.then(
      (list) => toAddresses(list, family),
      (error: unknown) => ({ addresses: [], failure: toFailure(error), ttlSeconds: 0 }),
    );
    if (found.addresses.length > 0) patience ??= setTimeout(cancel, OTHER_FAMILY_MS);
    return found;
  };
  try {
    const families = await Promise.all([
      ask(resolver.resolve4(name, { ttl: true }), 4),
      ask(resolver.resolve6(name, { ttl: true }), 6),
    ]);
    return join(families);
  } finally {
    clearTimeout(patience);
    options.signal.removeEventListener('abort', cancel);
  }
}

function toAddresses(records: readonly RecordWithTtl[], family: 4 | 6): FoundAddresses {
  return {
    addresses: records.map(({ address }) => ({ address, family })),
    ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)),
  };
}

function toFailure(error: unknown): LookupFailure {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME') return 'not_found';
  if (code === 'ETIMEOUT' || code === 'ECANCELLED') return 'timeout';
  return 'failed';
}

function join(families: readonly FoundAddresses[]): FoundAddresses {
  const found = families.filter(({ addresses }) => addresses.length > 0);
  if (found.length > 0) {
    return {
      addresses: found.flatMap(({ addresses }) => addresses),
      ttlSeconds: Math.min(...found.map(({ ttlSeconds }) => ttlSeconds)),
    };
  }
  const failures = families.map(({ failure }) => failure);
  const failure = failures.find((one) => one !== 'not_found') ?? 'not_found';
  return { addresses: [], failure, ttlSeconds: 0 };
}
