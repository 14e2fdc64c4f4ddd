export type { AskOptions, BatchOptions, CallOptions, Client, ClientOptions } from './client.js';
export { createClient } from './client.js';
export { FaceVerificationError } from './face-verification-error.js';
export type { PhotoSource } from './photo-source.js';
export type * from './types.js';
export { verifyReceipt } from './verify-receipt.js';
export type { WebhookHeaders, WebhookRules } from './verify-webhook.js';
export { verifyWebhook } from './verify-webhook.js';
