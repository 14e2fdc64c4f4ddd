import { readJobId } from '../http/read-request.js';
import { type CancelDependencies, cancelJob } from '../jobs/cancel-job.js';
import { withQueue } from '../jobs/with-queue.js';
import { JOB_ID_PARAMETER, REQUEST_ID } from '../openapi/components.js';
import { defineOperation } from './define-operation.js';

export const cancelJobOperation = defineOperation<CancelDependencies>({
  method: 'delete',
  path: '/jobs/{id}',
  id: 'cancelJob',
  tag: 'Jobs',
  summary: 'Cancel a job that has not started',
  description:
    'Its webhook, if it has one, says `comparison.failed` with the code `job_cancelled`. Repeating the call changes nothing.',
  parameters: [JOB_ID_PARAMETER, REQUEST_ID],
  answers: { 204: { description: 'The job was cancelled before it ran.' } },
  errors: ['job_not_found', 'job_not_cancellable', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const jobId = readJobId(context);
    await withQueue(deps.redis, () => cancelJob(jobId, context.get('tenant'), deps));
    return context.body(null, 204);
  },
});
