/** Longest and shortest time for which a job is postponed if no slot is free, ms. */
const MAX_WAIT_MS = 60_000;
const MIN_WAIT_MS = 250;
/** Assumed duration of a delivery until the first one has ended, ms; without it a first burst would all return at once. */
const FIRST_GUESS_MS = 200;
/** Weight of the newest delivery in an average duration. */
const NEWEST_WEIGHT = 0.2;
/** Idle loads are forgotten once this many are known. */
const MAX_IDLE_LOADS = 1_000;

/** The deliveries of one tenant, or of one tenant to one host or address. */
interface Load {
  /** When each running delivery started, oldest first. */
  readonly startedAt: number[];
  /** Recent average duration of a delivery, ms. */
  averageMs: number;
  /** When the next postponed job can expect a free slot. */
  nextFreeAt: number;
}

/** A slot, or the time after which to ask again. */
export type SlotAnswer =
  | { readonly kind: 'taken'; readonly slot: DeliverySlot }
  | { readonly kind: 'busy'; readonly retryInMs: number };

/** The right to make one delivery. */
export interface DeliverySlot {
  /**
   * Takes a place at every address of the host. Returns undefined, or, if an address has no place left, the time after
   * which to ask again, ms; then nothing may be sent.
   */
  claimAddresses(addresses: readonly string[]): number | undefined;
  /** Releases the slot and the places. Call it once, when the delivery has ended. */
  release(): void;
}

/** Shares a worker's deliveries among tenants: silent receivers of one tenant cannot delay the webhooks of others. */
export interface DeliverySlots {
  /** Takes a slot for a delivery of `tenant` to `host`, if one is free for it. */
  take(tenant: string, host: string): SlotAnswer;
}

export interface DeliverySlotsOptions {
  /** Deliveries at a time in total. */
  readonly total: number;
  /** Of those, to one host name or one address of a tenant: a wildcard name cannot get around the limit. */
  readonly perHost: number;
  /** A clock in ms. */
  readonly now: () => number;
}

/**
 * Returns the slots of one worker. A tenant may take a slot while it holds fewer than are free, so one tenant gets at
 * most half of them, and `n` greedy tenants leave one slot in n + 1 to the next. Jobs that find none are scheduled to
 * return one after the other at the pace of recent deliveries, so that a long backlog causes few moves in the queue.
 * @see Choudhury, Hahne: Dynamic queue length thresholds for shared-memory packet switches, 1998.
 */
export function createDeliverySlots({ total, perHost, now }: DeliverySlotsOptions): DeliverySlots {
  const loads = new Map<string, Load>();
  let free = total;

  const loadOf = (...key: readonly string[]): Load => {
    const name = key.join(' ');
    const load = loads.get(name) ?? { startedAt: [], averageMs: FIRST_GUESS_MS, nextFreeAt: 0 };
    loads.set(name, load);
    return load;
  };

  return {
    take: (tenant, host) => {
      forgetIdle(loads, now());
      const ofTenant = loadOf(tenant);
      if (ofTenant.startedAt.length >= free) return { kind: 'busy', retryInMs: waitFor(ofTenant, now()) };
      const ofHost = loadOf(tenant, 'host', host);
      if (ofHost.startedAt.length >= perHost) return { kind: 'busy', retryInMs: waitFor(ofHost, now()) };

      const takenAt = now();
      const held = [ofTenant, ofHost];
      for (const load of held) load.startedAt.push(takenAt);
      free -= 1;
      let isReleased = false;
      return {
        kind: 'taken',
        slot: {
          claimAddresses: (addresses) => {
            // A name server may answer after the delivery has been given up.
            if (isReleased) return MIN_WAIT_MS;
            const claimed = [...new Set(addresses)].map((address) => loadOf(tenant, 'address', address));
            const full = claimed.filter((load) => load.startedAt.length >= perHost);
            if (full.length > 0) return Math.max(...full.map((load) => waitFor(load, now())));
            for (const load of claimed) load.startedAt.push(takenAt);
            held.push(...claimed);
            return undefined;
          },
          release: () => {
            isReleased = true;
            free += 1;
            for (const load of held) endDelivery(load, takenAt, now());
          },
        },
      };
    },
  };
}

function endDelivery(load: Load, startedAt: number, now: number): void {
  load.startedAt.splice(load.startedAt.indexOf(startedAt), 1);
  load.averageMs += NEWEST_WEIGHT * (now - startedAt - load.averageMs);
}

/** Reserves the place after the last one promised. Beyond the longest wait the time is random. */
function waitFor(load: Load, now: number): number {
  const earliest = Math.max(load.nextFreeAt, now + MIN_WAIT_MS);
  if (earliest - now > MAX_WAIT_MS) return Math.round(MAX_WAIT_MS * (0.5 + Math.random() / 2));
  // A running delivery takes at least as long as it has already run.
  const expectedMs = Math.max(load.averageMs, now - (load.startedAt[0] ?? now));
  load.nextFreeAt = earliest + expectedMs / Math.max(1, load.startedAt.length);
  return Math.round(earliest - now);
}

function forgetIdle(loads: Map<string, Load>, now: number): void {
  if (loads.size < MAX_IDLE_LOADS) return;
  for (const [name, load] of loads) {
    if (load.startedAt.length === 0 && load.nextFreeAt < now) loads.delete(name);
  }
}
