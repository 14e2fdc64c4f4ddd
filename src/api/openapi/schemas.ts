import { z } from 'zod';
import { compareRequestSchema } from '../../shared/contract/compare-request.js';
import { compareResultSchema, warningSchema } from '../../shared/contract/compare-result.js';
import { evidenceSchema, faceEvidenceSchema, imageEvidenceSchema } from '../../shared/contract/evidence.js';
import { jobAcceptedSchema, jobViewSchema } from '../../shared/contract/job-view.js';
import { errorCodeSchema, problemSchema, reasonSchema } from '../../shared/contract/problem.js';
import {
  failedWebhookSchema,
  failedWebhooksSchema,
  webhookBodySchema,
  webhookRetrySchema,
} from '../../shared/contract/webhook-body.js';
import { erasedJobsSchema, healthSchema, modelsSchema, readinessSchema } from './service-answers.js';

const SCHEMAS = {
  CompareRequest: compareRequestSchema,
  CompareResult: compareResultSchema,
  ErasedJobs: erasedJobsSchema,
  ErrorCode: errorCodeSchema,
  Evidence: evidenceSchema,
  FaceEvidence: faceEvidenceSchema,
  FailedWebhook: failedWebhookSchema,
  FailedWebhooks: failedWebhooksSchema,
  Health: healthSchema,
  ImageEvidence: imageEvidenceSchema,
  JobAccepted: jobAcceptedSchema,
  JobView: jobViewSchema,
  Models: modelsSchema,
  Problem: problemSchema,
  Reason: reasonSchema,
  Readiness: readinessSchema,
  Warning: warningSchema,
  Webhook: webhookBodySchema,
  WebhookRetry: webhookRetrySchema,
} as const;

export type SchemaName = keyof typeof SCHEMAS;

/** Returns the place of a schema within the document. */
export function schemaPath(name: string): string {
  return `#/components/schemas/${name}`;
}

/** Returns every schema of the contract as JSON Schema 2020-12, each referring to the others by name. */
export function createSchemas(): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    // Answers may gain fields, and unknown ones in requests are ignored: nothing is closed by additionalProperties.
    io: 'input',
    uri: schemaPath,
    override: ({ jsonSchema }) => joinConstants(jsonSchema),
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { $schema: _dialect, $id: _id, ...rest } = schema;
      return [name, rest];
    }),
  );
}

/** Turns a choice of numbers, `anyOf` one constant each, into the `enum` that client generators understand. */
function joinConstants(schema: z.core.JSONSchema.BaseSchema): void {
  const constants = schema.anyOf?.map((choice) => choice.const);
  if (!constants?.every((value) => Number.isInteger(value))) return;
  delete schema.anyOf;
  Object.assign(schema, { type: 'integer', enum: constants });
}
