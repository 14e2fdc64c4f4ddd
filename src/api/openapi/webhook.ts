import type { z } from 'zod';
import { batchWebhookBodySchema, webhookBodySchema } from '../../shared/contract/webhook-body.js';
import type { TAGS } from '../operations/define-operation.js';
import { BATCH_WEBHOOK_EXAMPLE, WEBHOOK_EXAMPLES } from './examples.js';
import { schemaReference } from './schemas.js';

/** Returns the request that receivers of the webhook of a job get, as an OpenAPI operation. */
export function describeWebhook() {
  return describe({
    operationId: 'receiveComparison',
    tag: 'Jobs',
    summary: 'A job has ended',
    subject: '`data.job_id` is a job',
    schema: webhookBodySchema,
    examples: WEBHOOK_EXAMPLES,
  });
}

/** Returns the same for the webhook of a batch. */
export function describeBatchWebhook() {
  return describe({
    operationId: 'receiveBatch',
    tag: 'Batches',
    summary: 'Every job of a batch has ended',
    subject: '`data.batch_id` is a batch',
    schema: batchWebhookBodySchema,
    examples: { completed: { value: BATCH_WEBHOOK_EXAMPLE } },
  });
}

interface WebhookDescription {
  readonly operationId: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  /** What the receiver must have submitted. */
  readonly subject: string;
  readonly schema: z.ZodType;
  readonly examples: object;
}

function describe({ operationId, tag, summary, subject, schema, examples }: WebhookDescription) {
  return {
    operationId,
    tags: [tag],
    summary,
    description:
      'Sent according to Standard Webhooks 1.0, and repeated for about a day until the receiver accepts it. Each ' +
      'tenant’s webhooks are signed with a secret of its own. Check the signature, then that `tenant` is yours and ' +
      `${subject} that you submitted; ignore anything else.`,
    security: [],
    parameters: [
      header('webhook-id', 'The same for every attempt at one delivery: use it to drop duplicates.'),
      header('webhook-timestamp', 'Time of this attempt, seconds since 1970.'),
      header(
        'webhook-signature',
        '`v1,` and the base64 HMAC-SHA256 of id, timestamp and body; one for each secret of the tenant.',
      ),
    ],
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: schemaReference(schema), examples },
      },
    },
    responses: {
      '2XX': { description: 'Accepted; it is not sent again.' },
      '410': { description: 'Rejected for good; it is not sent again.' },
      '4XX': {
        description:
          'Sent again later, as after any other answer; 429 and 503 can say when with Retry-After.',
      },
    },
  };
}

function header(name: string, description: string) {
  return { name, in: 'header', required: true, description, schema: { type: 'string' } };
}
