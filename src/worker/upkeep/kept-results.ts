import { eraseShadow } from '../../shared/shadow/shadow-queue.js';
import type { ComparisonQueue, FinishDependencies } from '../comparison/finish-job.js';

export interface KeptResultsDependencies extends FinishDependencies {
  /** Most results kept for one tenant. */
  readonly maxKeptResults: number;
  /** Returns for how long results of a tenant are kept, s; undefined if as long as those of others. */
  readonly retentionOf: (tenant: string) => number | undefined;
}

/** Most results of one tenant removed in a pass: a pass must not take minutes, and the next one follows soon. */
const MAX_DROPPED = 20_000;
const BATCH = 1_000;

/**
 * Removes each tenant's results beyond its own retention and the oldest ones beyond its quota, and the entries of results
 * that no longer exist. Each removal runs through `attempt`, so that an unreadable result does not stop the others.
 */
export async function dropOldResults(
  queue: ComparisonQueue,
  deps: KeptResultsDependencies,
  attempt: Attempt,
): Promise<void> {
  const { redis, keys, clock, retentionSeconds, maxKeptResults } = deps;
  const tenantsKey = keys.keptTenants;
  for (const tenant of await redis.smembers(tenantsKey)) {
    const key = keys.kept(tenant);
    await redis.zremrangebyscore(key, '-inf', clock.now() - retentionSeconds * 1_000);
    await dropExpired(queue, tenant, { deps, attempt });
    const excess = (await redis.zcard(key)) - maxKeptResults;
    if (excess > 0) {
      for (const jobId of await redis.zrange(key, '0', String(Math.min(excess, MAX_DROPPED) - 1))) {
        await attempt(() => dropResult(queue, { jobId, tenant, deps }));
        await redis.zrem(key, jobId);
      }
    }
    if ((await redis.exists(key)) === 0) await redis.srem(tenantsKey, tenant);
  }
}

type Attempt = (work: () => Promise<void>) => Promise<unknown>;

/**
 * Removes the results, and the records of their webhooks, of a tenant with a shorter retention than others. BullMQ cannot:
 * the age at which a job is removed is that of the queue. A result whose webhook is still being delivered stays listed, so
 * that a later pass removes the webhook.
 */
async function dropExpired(
  queue: ComparisonQueue,
  tenant: string,
  { deps, attempt }: { readonly deps: KeptResultsDependencies; readonly attempt: Attempt },
): Promise<void> {
  const { redis, keys, clock, webhooks } = deps;
  const retentionSeconds = deps.retentionOf(tenant) ?? deps.retentionSeconds;
  if (retentionSeconds >= deps.retentionSeconds) return;
  const before = clock.now() - retentionSeconds * 1_000;
  const key = keys.kept(tenant);
  let left = 0;
  for (let done = 0; done < MAX_DROPPED; done += BATCH) {
    const ids = await redis.zrangebyscore(key, '-inf', before, 'LIMIT', left, BATCH);
    for (const jobId of ids) {
      let isGone = false;
      await attempt(async () => {
        isGone = await webhooks.eraseEnded(jobId, before);
        await dropResult(queue, { jobId, tenant, deps });
      });
      if (isGone) await redis.zrem(key, jobId);
      else left += 1;
    }
    if (ids.length < BATCH) return;
  }
}

interface OldResult {
  readonly jobId: string;
  readonly tenant: string;
  readonly deps: KeptResultsDependencies;
}

async function dropResult(queue: ComparisonQueue, { jobId, tenant, deps }: OldResult): Promise<void> {
  const { redis, keys, webhooks } = deps;
  const job = await queue.getJob(jobId);
  await job?.remove();
  // Erasing the person would no longer find it.
  await eraseShadow(jobId, deps);
  await redis.del(keys.evidence(jobId), keys.receipt(jobId), keys.outcome(jobId), keys.cancelled(jobId));
  // While a webhook is kept, erasing the person must still find it.
  if (job && !(await webhooks.isKept(jobId)))
    await redis.zrem(keys.userJobs(tenant, job.data.user_id), jobId);
}
