/** Longest and shortest time a job is sent away for when its host is busy, ms. */
const MAX_WAIT_MS = 60_000;
const MIN_WAIT_MS = 250;
/** What a delivery is taken to last before one has ended, ms; without it a first burst would come back all at once. */
const FIRST_GUESS_MS = 200;
/** Weight of the newest delivery in a host's average duration. */
const NEWEST_WEIGHT = 0.2;
/** Idle hosts are forgotten once this many are known. */
const MAX_IDLE_HOSTS = 1_000;

interface HostLoad {
  running: number;
  /** How long a delivery to this host takes of late, ms. */
  averageMs: number;
  /** When the next job that was sent away may expect a free slot. */
  nextFreeAt: number;
}

/** A slot that was taken, or the time after which to ask again. */
export type SlotAnswer =
  | { readonly kind: 'taken'; readonly release: () => void }
  | { readonly kind: 'busy'; readonly retryInMs: number };

/** Limits how many deliveries run to one host at a time, so that a slow receiver cannot take every slot of a worker. */
export interface HostSlots {
  /** Takes a slot of `host` when one is free. The taker calls `release` once, when its delivery has ended. */
  take(host: string): SlotAnswer;
}

/**
 * Returns slots of which `limit` may be taken for a host at a time. Jobs that find none are told to come back one after
 * the other at the pace of that host's recent deliveries, so that a long backlog costs few moves in the queue.
 * `now`: a clock in ms.
 */
export function createHostSlots(limit: number, now: () => number): HostSlots {
  const hosts = new Map<string, HostLoad>();

  const release = (load: HostLoad, takenAt: number): void => {
    load.running -= 1;
    load.averageMs += NEWEST_WEIGHT * (now() - takenAt - load.averageMs);
  };

  return {
    take: (host) => {
      forgetIdle(hosts, now());
      const load = hosts.get(host) ?? { running: 0, averageMs: FIRST_GUESS_MS, nextFreeAt: 0 };
      hosts.set(host, load);
      if (load.running >= limit) return { kind: 'busy', retryInMs: waitFor(load, limit, now()) };
      load.running += 1;
      const takenAt = now();
      return { kind: 'taken', release: () => release(load, takenAt) };
    },
  };
}

/** Books the place after the last one given away. Beyond the longest wait there are no places, only chance. */
function waitFor(load: HostLoad, limit: number, now: number): number {
  const earliest = Math.max(load.nextFreeAt, now + MIN_WAIT_MS);
  if (earliest - now > MAX_WAIT_MS) return Math.round(MAX_WAIT_MS * (0.5 + Math.random() / 2));
  load.nextFreeAt = earliest + load.averageMs / limit;
  return Math.round(earliest - now);
}

function forgetIdle(hosts: Map<string, HostLoad>, now: number): void {
  if (hosts.size < MAX_IDLE_HOSTS) return;
  for (const [host, load] of hosts) {
    if (load.running === 0 && load.nextFreeAt < now) hosts.delete(host);
  }
}
