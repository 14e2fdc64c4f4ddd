/** A tenant is costly if its photos cost this many times as much as those of another tenant. */
const COSTLY_FACTOR = 4;
/** A mean cost below this is never costly, ms. */
const COSTLY_FROM_MS = 500;
/** A mean cost from this on is always costly, ms. */
const COSTLY_IN_ANY_CASE_MS = 2_000;
/**
 * Weight of the latest photo in a tenant's mean cost, if it costs more and if it costs less than the mean. A few cheap photos
 * between costly ones do not hide them.
 */
const DEARER_WEIGHT = 0.3;
const CHEAPER_WEIGHT = 0.05;
/** A tenant without a photo for this long is forgotten, ms. */
const FORGET_AFTER_MS = 300_000;

/** The computing time of tenants, by weight: who is next, and who has to leave a process to the others. */
export interface ComputeAccounts {
  /** Opens the account of a tenant whose photo waits. A tenant that was idle has saved up no time. */
  enter(tenant: string): void;
  /** Closes what `enter` opened, for a photo that is given up before it starts. */
  leave(tenant: string): void;
  /**
   * Charges a tenant whose photo starts with what its photos cost on average. Returns a function that replaces this charge
   * by the real cost; call it once, when the photo ends.
   */
  start(tenant: string): EndPhoto;
  /** True if the tenant's photos cost many times what the photos of others cost. */
  isCostly(tenant: string): boolean;
  /** Returns the tenant that has used the least time for its weight, among those that may start a photo now. */
  choose(tenants: Iterable<string>): string | undefined;
}

/** Ends a photo that cost this much time, ms. */
export type EndPhoto = (costMs: number) => void;

interface Account {
  /** Divided by its weight. */
  usedMs: number;
  /** The part of `usedMs` that photos under way were charged with. */
  chargedMs: number;
  meanMs: number;
  waiting: number;
  running: number;
  /** When the photo that was started last began, ms. A photo that never ends must show as costly too. */
  lastStartAt: number;
  seenAt: number;
}

export interface AccountOptions {
  /** Photos that a tenant may have under way while its photos are costly. */
  readonly costlyLimit: number;
  /** Returns the share of a tenant, as a multiple of that of a tenant with 1; absent: equal shares. */
  readonly weightOf?: (tenant: string) => number;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
}

/** The time that an account had used when its photos under way started: where a newcomer joins. */
const usedBeforeNow = ({ usedMs, chargedMs }: Account): number => usedMs - chargedMs;

/**
 * Returns empty accounts. @see Goyal, Vin, Cheng: Start-time fair queuing, 1996.
 */
export function createComputeAccounts(options: AccountOptions): ComputeAccounts {
  const { costlyLimit, weightOf = () => 1, now } = options;
  const accounts = new Map<string, Account>();

  const accountOf = (tenant: string): Account => {
    const known = accounts.get(tenant);
    if (known) return known;
    const idle = { waiting: 0, running: 0, lastStartAt: 0, seenAt: now() };
    const account = { usedMs: 0, chargedMs: 0, meanMs: 0, ...idle };
    accounts.set(tenant, account);
    return account;
  };

  const isCostly = (tenant: string): boolean => {
    const account = accounts.get(tenant);
    if (!account) return false;
    const runsForMs = account.running > 0 ? now() - account.lastStartAt : 0;
    const meanMs = Math.max(account.meanMs, runsForMs);
    if (meanMs < COSTLY_FROM_MS) return false;
    if (meanMs >= COSTLY_IN_ANY_CASE_MS) return true;
    const others = [...accounts].filter(([name, other]) => name !== tenant && other.meanMs > 0);
    return others.some(([, other]) => meanMs >= COSTLY_FACTOR * other.meanMs);
  };

  const forgetIdle = (): void => {
    for (const [tenant, { waiting, running, seenAt }] of accounts)
      if (waiting + running === 0 && now() - seenAt > FORGET_AFTER_MS) accounts.delete(tenant);
  };

  return {
    isCostly,
    enter(tenant) {
      forgetIdle();
      const busy = [...accounts.values()].filter((other) => other.waiting + other.running > 0);
      const account = accountOf(tenant);
      if (account.waiting + account.running === 0 && busy.length > 0)
        account.usedMs = Math.max(account.usedMs, Math.min(...busy.map(usedBeforeNow)));
      account.waiting += 1;
      account.seenAt = now();
    },
    leave(tenant) {
      accountOf(tenant).waiting -= 1;
    },
    start(tenant) {
      const account = accountOf(tenant);
      account.waiting -= 1;
      account.running += 1;
      account.lastStartAt = now();
      const weight = weightOf(tenant);
      const chargeMs = account.meanMs / weight;
      account.usedMs += chargeMs;
      account.chargedMs += chargeMs;
      return (costMs) => {
        account.running -= 1;
        account.seenAt = now();
        account.usedMs += costMs / weight - chargeMs;
        account.chargedMs -= chargeMs;
        const latest = account.meanMs === 0 ? 1 : costMs > account.meanMs ? DEARER_WEIGHT : CHEAPER_WEIGHT;
        account.meanMs += latest * (costMs - account.meanMs);
      };
    },
    choose(tenants) {
      let chosen: string | undefined;
      for (const tenant of tenants) {
        if (accountOf(tenant).running >= costlyLimit && isCostly(tenant)) continue;
        if (chosen === undefined || accountOf(tenant).usedMs < accountOf(chosen).usedMs) chosen = tenant;
      }
      return chosen;
    },
  };
}
