import { z } from 'zod';
import { JOB_VERSION } from '../queue/comparison-job.js';

export const WEBHOOK_QUEUE = 'webhooks';

export const webhookJobSchema = z.object({
  v: z.literal(JOB_VERSION),
  /** The job that it reports, or the batch. */
  job_id: z.string(),
  tenant: z.string(),
  /** The pack whose queue holds the comparison. */
  model: z.string(),
  /** Dropped once delivered. */
  url: z.string().optional(),
  /** The exact text to sign and send. Dropped once delivered. */
  body: z.string().optional(),
});
export type WebhookJob = z.infer<typeof webhookJobSchema>;

/** Returns the id of the only webhook job of a comparison or batch. Adding it twice creates one job. */
export function webhookJobId(jobId: string): string {
  return `wh_${jobId}`;
}
