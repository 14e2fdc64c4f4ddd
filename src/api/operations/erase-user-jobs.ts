import type { Context } from 'hono';
import { z } from 'zod';
import { batchPlaceOf } from '../../shared/batches/batch-id.js';
import { noteBatchJobEnded } from '../../shared/batches/end-batch.js';
import { VerificationError } from '../../shared/errors.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import { fillForJob } from '../batches/fill-for-job.js';
import type { AppContext } from '../http/app-context.js';
import { RequestError } from '../http/request-error.js';
import type { PackJobs, PersonJobs, PersonPlace } from '../jobs/person-jobs.js';
import { withQueue } from '../jobs/with-queue.js';
import { type Parameter, REQUEST_ID } from '../openapi/components.js';
import { defineOperation } from './define-operation.js';

export interface EraseUserJobsDependencies {
  readonly redis: RedisConnection;
  readonly webhooks: WebhookQueue;
  readonly clock: RedisClock;
  readonly personJobs: PersonJobs;
}

/** Jobs erased in one exchange with Redis. */
const BATCH_SIZE = 100;
/** Places searched at a time. */
const PLACES_AT_A_TIME = 50;

const USER_ID: Parameter = {
  id: 'UserId',
  name: 'user_id',
  in: 'path',
  required: true,
  description: 'The user_id that the comparisons were requested with.',
  schema: { type: 'string' },
};

const choice = (id: string, name: string, description: string): Parameter => ({
  id,
  name,
  in: 'query',
  description,
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
});
const ALL_TENANTS = choice(
  'AllTenants',
  'all_tenants',
  '`true` erases the jobs of this user_id that any caller has created. Needs a key from `ADMIN_API_KEYS`.',
);
const ALL_PACKS = choice(
  'AllPacks',
  'all_packs',
  '`true` also erases jobs that were compared with other model packs than that of this API.',
);

export const erasedJobsSchema = z
  .object({
    erased: z.int().min(0).meta({ description: 'Jobs of which nothing is left.' }),
    running: z
      .int()
      .min(0)
      .meta({ description: 'Jobs that were asked to stop; repeat the call to erase these too.' }),
  })
  .meta({ id: 'ErasedJobs' });

/** Running jobs are asked to stop and stay in the index, so that a repeated call erases them too. */
export const eraseUserJobsOperation = defineOperation<EraseUserJobsDependencies>({
  method: 'delete',
  path: '/users/{user_id}/jobs',
  id: 'eraseUserJobs',
  tag: 'Privacy',
  summary: 'Erase every job of a person',
  access: 'both',
  description:
    'Running jobs are asked to stop; while `running` is above 0, call again. An operator erases a person everywhere with ' +
    '`all_tenants=true&all_packs=true`.',
  parameters: [USER_ID, ALL_TENANTS, ALL_PACKS, REQUEST_ID],
  answers: {
    200: {
      description: 'Number of jobs erased and still running.',
      schema: erasedJobsSchema,
      example: { erased: 3, running: 0 },
    },
  },
  errors: ['invalid_request', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const places = await withQueue(deps.redis, () => findPlaces(context, deps));
    const userId = context.req.param('user_id') ?? '';
    let [erased, running] = [0, 0];
    for (let index = 0; index < places.length; index += PLACES_AT_A_TIME) {
      const slice = places.slice(index, index + PLACES_AT_A_TIME);
      const ends = await Promise.all(
        slice.map(({ model, tenant }) => eraseIn({ ...deps.personJobs.open(model), tenant, userId }, deps)),
      );
      erased += ends.reduce((sum, end) => sum + end.erased, 0);
      running += ends.reduce((sum, end) => sum + end.running, 0);
    }
    return context.json({ erased, running });
  },
});

/**
 * Returns where the request asks to erase the person.
 * @throws VerificationError `forbidden` for a caller who asks for all tenants, and an operator who does not; RequestError.
 */
async function findPlaces(
  context: Context<AppContext>,
  { personJobs }: EraseUserJobsDependencies,
): Promise<readonly PersonPlace[]> {
  const allTenants = readChoice(context, ALL_TENANTS.name);
  const allPacks = readChoice(context, ALL_PACKS.name);
  const isOperator = context.get('isOperator') ?? false;
  if (allTenants !== isOperator) {
    const detail = isOperator
      ? 'An operator has no jobs. Add all_tenants=true to erase those of every caller.'
      : 'all_tenants=true needs a key from ADMIN_API_KEYS.';
    throw new VerificationError('forbidden', { detail });
  }
  const own = { model: personJobs.model, tenant: context.get('tenant') };
  if (!allTenants && !allPacks) return [own];
  const places = await personJobs.listPlaces();
  if (allTenants) return places.filter(({ model }) => allPacks || model === own.model);
  return [own, ...places.filter(({ model, tenant }) => tenant === own.tenant && model !== own.model)];
}

/** @throws RequestError that names the parameter. */
function readChoice(context: Context<AppContext>, field: string): boolean {
  const text = context.req.query(field);
  if (text === undefined || text === 'true' || text === 'false') return text === 'true';
  throw new RequestError([{ field, code: 'invalid_request', detail: 'must be true or false' }]);
}

interface PersonOfPack extends PackJobs {
  readonly tenant: string;
  readonly userId: string;
}

/** Running jobs stay in the index. */
async function eraseIn(
  person: PersonOfPack,
  deps: EraseUserJobsDependencies,
): Promise<z.infer<typeof erasedJobsSchema>> {
  const { queue, tenant, userId } = person;
  const jobIds = await withQueue(deps.redis, () => queue.listUserJobs(tenant, userId));
  let erased = 0;
  for (let index = 0; index < jobIds.length; index += BATCH_SIZE) {
    const batch = jobIds.slice(index, index + BATCH_SIZE);
    const results = await withQueue(deps.redis, () =>
      Promise.all(batch.map((jobId) => eraseJob(jobId, person, deps))),
    );
    erased += results.filter(Boolean).length;
  }
  const running = jobIds.length - erased;
  if (running === 0) await withQueue(deps.redis, () => queue.forgetUser(tenant, userId));
  return { erased, running };
}

/** Returns true if nothing is left of the job. */
async function eraseJob(
  jobId: string,
  { queue, batches, tenant }: PersonOfPack,
  { webhooks, clock }: EraseUserJobsDependencies,
): Promise<boolean> {
  if (!(await fillForJob(jobId, { queue, batches }))) return false;
  if (!(await queue.erase(jobId, tenant))) {
    await queue.publishCancel(jobId);
    return false;
  }
  const batch = batchPlaceOf(jobId);
  if (batch) await batches.dropDigest(batch.batchId);
  await noteBatchJobEnded(jobId, { batches, webhooks, clock });
  return webhooks.erase(jobId);
}
