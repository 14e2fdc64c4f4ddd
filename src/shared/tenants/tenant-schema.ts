import { z } from 'zod';
import { mustBe } from '../explain-issue.js';
import { findImageHostProblem } from '../net/address-policy.js';
import { findWebhookSecretProblem } from '../webhooks/webhook-secret.js';

/** The form of a key that can be sent in a header: visible ASCII, at least as long as one of API_KEYS. */
const KEY = /^[!-~]{16,256}$/;
const SHA256 = /^[0-9a-f]{64}$/i;

const expires = z.iso
  .datetime({ offset: true, error: 'must be a time like 2027-01-31T00:00:00Z' })
  .transform((text) => Date.parse(text))
  .optional();

/** Lets an entry be written as the text alone: `- TEXT` for `- {name: TEXT}`. */
const orText = <T extends z.ZodType>(name: string, schema: T) =>
  z.preprocess((entry) => (typeof entry === 'string' ? { [name]: entry } : entry), schema);

const keySchema = orText(
  'key',
  z
    .strictObject({
      key: z.string().regex(KEY, 'must have 16 to 256 visible ASCII characters, without spaces').optional(),
      sha256: z.string().regex(SHA256, 'must be 64 hexadecimal digits').optional(),
      expires,
    })
    .refine(
      ({ key, sha256 }) => (key === undefined) !== (sha256 === undefined),
      'must have either key or sha256',
    ),
);

const secretSchema = orText(
  'secret',
  z.strictObject({ secret: checkedText(findWebhookSecretProblem), expires }),
);

/** The settings of one tenant as they are written in TENANTS_FILE. */
export const tenantSchema = z.strictObject({
  keys: z.array(keySchema).default([]),
  rate_limit_per_minute: z.int().min(0).max(10_000_000).optional(),
  queue_weight: z.int().min(1).max(100).default(1),
  max_queue_share: z.number().min(0.01).max(1).optional(),
  threshold: z.number().gt(0, 'must be above 0, or strangers match').max(1).optional(),
  min_threshold: z.number().min(0).max(1).optional(),
  min_matches: z.literal([2, 3], mustBe('2 or 3')).optional(),
  retention_seconds: z.int().min(60).max(2_592_000).optional(),
  webhook: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).optional(),
      secrets: z.array(secretSchema).min(1).optional(),
    })
    .optional(),
  allowed_image_hosts: z.array(checkedText(findImageHostProblem)).min(1).optional(),
});
export type TenantEntry = z.output<typeof tenantSchema>;

/** The whole file; each tenant is checked on its own, so that problems name it. */
export const tenantsSchema = z.strictObject({ tenants: z.record(z.string(), z.unknown()) });

/** Text in which `findProblem` finds no problem; its error is the problem found. */
function checkedText(findProblem: (text: string) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const problem = findProblem(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}
