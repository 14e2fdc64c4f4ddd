import { Hono } from 'hono';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import type { AppContext } from '../http/app-context.js';
import type { SubmitDependencies } from '../jobs/submit-job.js';
import { withQueue } from '../jobs/with-queue.js';

export interface UsersDependencies extends Pick<SubmitDependencies, 'redis' | 'queue'> {
  readonly webhooks: WebhookQueue;
}

/** Jobs erased in one exchange with Redis. */
const BATCH = 100;

/**
 * `DELETE /users/:user_id/jobs`: erases what is kept of a person. Running jobs are told to stop and stay findable, so
 * that repeating the call erases them too.
 */
export function createUsersRoute(deps: UsersDependencies): Hono<AppContext> {
  return new Hono<AppContext>().delete('/users/:user_id/jobs', async (context) => {
    const tenant = context.get('tenant');
    const userId = context.req.param('user_id');
    const jobIds = await withQueue(deps.redis, () => deps.queue.listUserJobs(tenant, userId));
    let erased = 0;
    for (let index = 0; index < jobIds.length; index += BATCH) {
      const batch = jobIds.slice(index, index + BATCH);
      const gone = await withQueue(deps.redis, () =>
        Promise.all(batch.map((jobId) => eraseJob({ jobId, tenant }, deps))),
      );
      erased += gone.filter(Boolean).length;
    }
    const running = jobIds.length - erased;
    if (running === 0) await withQueue(deps.redis, () => deps.queue.forgetUser(tenant, userId));
    return context.json({ erased, running });
  });
}

async function eraseJob(
  { jobId, tenant }: { readonly jobId: string; readonly tenant: string },
  { queue, webhooks }: UsersDependencies,
): Promise<boolean> {
  if (!(await queue.erase(jobId, tenant))) {
    await queue.publishCancel(jobId);
    return false;
  }
  return webhooks.erase(jobId);
}
