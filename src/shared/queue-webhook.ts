import type { Queue } from 'bullmq';
import type { JobView, WebhookBody } from './contract.js';
import { JOB_VERSION, type WebhookJob, webhookJobId } from './queue-contract.js';
import { webhookJobOptions } from './webhook-schedule.js';

export interface WebhookRequest {
  /** The final view of the job, as the receiver is told. */
  readonly view: JobView;
  readonly url: string;
  readonly tenant: string;
  /** The pack whose queue holds the comparison. */
  readonly model: string;
  readonly retentionSeconds: number;
}

/** Queues the one webhook of an ended job; doing it again changes nothing. */
export async function queueWebhook(queue: Queue<WebhookJob>, request: WebhookRequest): Promise<void> {
  const { view, url, tenant, model } = request;
  const body: WebhookBody = {
    type: view.status === 'completed' ? 'comparison.completed' : 'comparison.failed',
    timestamp: view.finished_at ?? view.created_at,
    tenant,
    data: view,
  };
  const payload: WebhookJob = {
    v: JOB_VERSION,
    job_id: view.job_id,
    tenant,
    model,
    url,
    body: JSON.stringify(body),
  };
  const jobId = webhookJobId(view.job_id);
  await queue.add('deliver', payload, { ...webhookJobOptions(request.retentionSeconds), jobId });
}
