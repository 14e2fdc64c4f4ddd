import type { RedisConnection } from '../redis/connect-redis.js';

/** BullMQ's largest priority; smaller ones are served first. */
export const MAX_PRIORITY = 2_097_151;
/** BullMQ keeps waiting jobs in a sorted set by priority × 2^32 + a counter. */
const SCORES_A_PRIORITY = 2 ** 32;

/**
 * Rounds by which jobs with a waiting caller precede the others. A job without one waits at most this many rounds longer;
 * then it takes turns with them, so that it does not wait forever.
 */
export const SYNC_HEAD_START = 1_000;

/** Rounds after which the count restarts, well before MAX_PRIORITY. */
const ROUNDS_BEFORE_RESTART = 1_000_000;

/** The facts about a job that determine its place in the order. */
export interface OrderedJob {
  readonly jobId: string;
  readonly tenant: string;
  /** True if a caller waits for the answer. */
  readonly sync: boolean;
}

/** Jobs of one tenant that enter together or not at all. */
export interface OrderedJobs extends Omit<OrderedJob, 'jobId'> {
  readonly jobIds: readonly string[];
  /** ms since 1970. */
  readonly acceptedAt: number;
  /** Jobs of the tenant in each round, a whole number; 1 if absent. */
  readonly weight?: number | undefined;
}

/** Limits on the jobs ahead of a new one; Infinity for no limit. */
export interface EntryLimits {
  /** Waiting jobs of its own tenant, sync or not, must be fewer than this before each of the new ones. */
  readonly maxOwn: number;
  /** Jobs of all tenants that go before it, at most. */
  readonly maxAhead: number;
}

export type Place =
  | { readonly admitted: true; readonly priority: number }
  /** `own`: waiting jobs of the tenant. */
  | { readonly admitted: false; readonly own: number; readonly because: 'own' | 'ahead' };

/**
 * The order among tenants: ten thousand jobs of one tenant do not delay the first job of another. The n-th waiting job
 * of a tenant of weight w gets the priority `round + n / w`, rounded up, and starting a job moves the round on to its own.
 * So while two tenants have jobs waiting, their jobs start in the ratio of their weights.
 * @see Goyal, Vin, Cheng: Start-time fair queuing, 1996.
 */
export interface FairQueue {
  /** Returns the place of a job in the order, 1..2097151, before it is added to the queue, or why it is not admitted. */
  enter(job: OrderedJob & Pick<OrderedJobs, 'acceptedAt' | 'weight'>, limits: EntryLimits): Promise<Place>;
  /** Does the same for several jobs, all or none. The priority is that of the first; `priorityOf` gives the others. */
  enterAll(jobs: OrderedJobs, limits: EntryLimits): Promise<Place>;
  /** Records that a job with this priority has started. */
  start(job: OrderedJob, priority: number): Promise<void>;
  /** Records that a job was taken out, or did not reach the queue. */
  leave(job: OrderedJob): Promise<void>;
  /** Does the same for several jobs. */
  leaveAll(jobs: OrderedJobs): Promise<void>;
  /**
   * Forgets jobs that entered before `time`, ms since 1970, but do not wait, because of a crash. Moves up jobs that are
   * farther back than necessary, and restarts the count after a million rounds.
   */
  tidy(time: number): Promise<void>;
  /** Returns how many jobs of each tenant wait. After a crash, jobs that no longer wait count until `tidy`. */
  readWaiting(): Promise<ReadonlyMap<string, WaitingJobs>>;
}

/** The waiting jobs of one tenant. */
export interface WaitingJobs {
  readonly count: number;
  /** When the oldest of them was accepted, ms since 1970; undefined if none waits. */
  readonly oldestAcceptedAt: number | undefined;
}

/** Start of the fields in the hash of an order that name the tenants with waiting jobs. */
const TENANT_FIELD = 'of:';

const READ_ROUND = `local round = tonumber(redis.call('HGET', KEYS[1], 'now') or '0')`;

const ENTER = `
local FIRST_ID = 7
${READ_ROUND}
local inRow = redis.call('ZCARD', KEYS[3])
local own = inRow + redis.call('ZCARD', KEYS[4])
if own + #ARGV - FIRST_ID >= tonumber(ARGV[3]) then return {0, own, 'own'} end
local priority = math.min(round + math.floor(inRow / tonumber(ARGV[6])) + 1 + tonumber(ARGV[5]), ${MAX_PRIORITY})
local behind = string.format('(%.0f', (priority + 1) * ${SCORES_A_PRIORITY})
if redis.call('ZCOUNT', KEYS[2], '-inf', behind) > tonumber(ARGV[4]) then return {0, own, 'ahead'} end
for i = FIRST_ID, #ARGV do redis.call('ZADD', KEYS[3], ARGV[2], ARGV[i]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return {priority, own, ''}`;

const START = `
${READ_ROUND}
redis.call('ZREM', KEYS[2], ARGV[1])
if round < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], 'now', ARGV[2]) end`;

const FORGET_STRAYS = `
for row = 3, 4 do
  for _, jobId in ipairs(redis.call('ZDIFF', 3, KEYS[row], KEYS[2], KEYS[5])) do
    if tonumber(redis.call('ZSCORE', KEYS[row], jobId)) < tonumber(ARGV[2]) then redis.call('ZREM', KEYS[row], jobId) end
  end
end
if redis.call('EXISTS', KEYS[3], KEYS[4]) == 0 then redis.call('HDEL', KEYS[1], ARGV[1]) end`;

/** Visits jobs that are too far back, usually none, or all jobs once in a million rounds. */
const MOVE_UP = `
${READ_ROUND}
local back = 0
if round > ${ROUNDS_BEFORE_RESTART} then back = round end
local last = round - back + ${SYNC_HEAD_START} + redis.call('ZCARD', KEYS[2]) + 1
local from = '-inf'
if back == 0 then from = string.format('%.0f', (last + 1) * ${SCORES_A_PRIORITY}) end
local found = redis.call('ZRANGEBYSCORE', KEYS[2], from, '+inf', 'WITHSCORES')
for i = 1, #found, 2 do
  local jobId, score = found[i], tonumber(found[i + 1])
  local old = math.floor(score / ${SCORES_A_PRIORITY})
  local new = math.max(1, math.min(old - back, last))
  redis.call('ZADD', KEYS[2], string.format('%.0f', score - (old - new) * ${SCORES_A_PRIORITY}), jobId)
  redis.call('HSET', ARGV[1] .. jobId, 'priority', new)
end
if back > 0 then redis.call('HSET', KEYS[1], 'now', 0) end`;

/** Returns the priority of the n-th of several jobs that entered together, from 0; `first`: that of the first. */
export function priorityOf(
  nth: number,
  { priority: first, weight }: { priority: number; weight: number },
): number {
  return Math.min(first + Math.floor(nth / weight), MAX_PRIORITY);
}

/** Returns the order of the BullMQ queue of this prefix and name; its APIs and workers share it in Redis. */
export function createFairQueue(redis: RedisConnection, prefix: string, name: string): FairQueue {
  const orderKey = `${prefix}:fair:${name}`;
  const queuePrefix = `${prefix}:${name}:`;
  const waitingKey = `${queuePrefix}prioritized`;
  // A job that a worker put back before its start still waits.
  const putBackKey = `${queuePrefix}delayed`;
  const rowKey = (tenant: string, sync: boolean): string =>
    `${prefix}:waiting:${name}:${sync ? 'sync' : 'async'}:${tenant}`;
  const fieldOf = (tenant: string): string => `${TENANT_FIELD}${tenant}`;
  const listTenants = async (): Promise<readonly string[]> =>
    (await redis.hkeys(orderKey))
      .filter((field) => field.startsWith(TENANT_FIELD))
      .map((field) => field.slice(TENANT_FIELD.length));
  const headStartOf = (sync: boolean): number => (sync ? 0 : SYNC_HEAD_START);

  const enterAll: FairQueue['enterAll'] = async (jobs, { maxOwn, maxAhead }) => {
    const { jobIds, tenant, sync, acceptedAt, weight = 1 } = jobs;
    const keys = [orderKey, waitingKey, rowKey(tenant, sync), rowKey(tenant, !sync)];
    const [asInteger, who] = [(limit: number) => Math.min(limit, 1e15), fieldOf(tenant)];
    const limits = [asInteger(maxOwn), asInteger(maxAhead)];
    const args = [who, acceptedAt, ...limits, headStartOf(sync), weight, ...jobIds];
    const [priority, own, because] = (await redis.eval(ENTER, keys.length, ...keys, ...args)) as [
      number,
      number,
      'own' | 'ahead',
    ];
    return priority > 0 ? { admitted: true, priority } : { admitted: false, own, because };
  };

  return {
    enter: ({ jobId, ...job }, limits) => enterAll({ ...job, jobIds: [jobId] }, limits),
    enterAll,
    start: async ({ jobId, tenant, sync }, priority) => {
      // The round at which its row entered. The head start of the others does not advance the round.
      const round = Math.max(0, priority - headStartOf(sync));
      await redis.eval(START, 2, orderKey, rowKey(tenant, sync), jobId, round);
    },
    leave: async ({ jobId, tenant, sync }) => void (await redis.zrem(rowKey(tenant, sync), jobId)),
    leaveAll: async ({ jobIds, tenant, sync }) => void (await redis.zrem(rowKey(tenant, sync), ...jobIds)),
    tidy: async (time) => {
      for (const tenant of await listTenants()) {
        const keys = [orderKey, waitingKey, rowKey(tenant, true), rowKey(tenant, false), putBackKey];
        await redis.eval(FORGET_STRAYS, keys.length, ...keys, fieldOf(tenant), time);
      }
      await redis.eval(MOVE_UP, 2, orderKey, waitingKey, queuePrefix);
    },
    readWaiting: async () => {
      const tenants = await listTenants();
      const rowsOf = (tenant: string): [string, string] => [rowKey(tenant, true), rowKey(tenant, false)];
      return new Map(
        await Promise.all(
          tenants.map(async (tenant) => [tenant, await readRows(redis, rowsOf(tenant))] as const),
        ),
      );
    },
  };
}

/** Rows hold the ids of jobs by the time at which they were accepted. */
async function readRows(redis: RedisConnection, rows: readonly string[]): Promise<WaitingJobs> {
  const counts = await Promise.all(rows.map((row) => redis.zcard(row)));
  const firsts = await Promise.all(rows.map((row) => redis.zrange(row, '0', '0', 'WITHSCORES')));
  const times = firsts.flatMap(([, time]) => (time === undefined ? [] : [Number(time)]));
  return {
    count: counts.reduce((sum, count) => sum + count, 0),
    oldestAcceptedAt: times.length === 0 ? undefined : Math.min(...times),
  };
}
