import { cancelBatchOperation } from './operations/batches/cancel-batch.js';
import { createBatchOperation } from './operations/batches/create-batch.js';
import { getBatchOperation } from './operations/batches/get-batch.js';
import { getBatchResultsOperation } from './operations/batches/get-batch-results.js';
import { cancelJobOperation } from './operations/cancel-job.js';
import { compareFacesOperation } from './operations/compare-faces.js';
import { createJobOperation } from './operations/create-job.js';
import { eraseUserJobsOperation } from './operations/erase-user-jobs.js';
import { getHealthOperation } from './operations/get-health.js';
import { getJobOperation } from './operations/get-job.js';
import { getOpenApiOperation } from './operations/get-openapi.js';
import { getReadinessOperation } from './operations/get-readiness.js';
import { getReceiptKeysOperation } from './operations/get-receipt-keys.js';
import { listFailedWebhooksOperation } from './operations/list-failed-webhooks.js';
import { listModelsOperation } from './operations/list-models.js';
import { pageOperations } from './operations/pages.js';
import { retryWebhookOperation } from './operations/retry-webhook.js';

/** Every operation of the service, in the order of the OpenAPI document. */
export const OPERATIONS = [
  compareFacesOperation,
  createJobOperation,
  getJobOperation,
  cancelJobOperation,
  createBatchOperation,
  getBatchOperation,
  getBatchResultsOperation,
  cancelBatchOperation,
  eraseUserJobsOperation,
  listModelsOperation,
  getReceiptKeysOperation,
  getHealthOperation,
  getReadinessOperation,
  listFailedWebhooksOperation,
  retryWebhookOperation,
  getOpenApiOperation,
  ...pageOperations,
] as const;

/** All dependencies of the operations together. */
export type OperationDependencies = (typeof OPERATIONS)[number]['createHandler'] extends (
  deps: infer All,
) => unknown
  ? All
  : never;
