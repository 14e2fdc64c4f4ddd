import { type CompareRequest, IMAGE_NAMES } from '../../shared/contract/compare-request.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { ERROR_KINDS, publicFactsOf, toVerificationError, VerificationError } from '../../shared/errors.js';
import { checkUrl } from '../../shared/net/address-policy.js';
import type { CallerRules } from '../access/access.js';
import { RequestError } from '../http/request-error.js';

/** What is wrong with a callback URL where there are no secrets. */
export const CANNOT_SIGN = 'cannot be used: this service has no WEBHOOK_SECRETS to sign webhooks with';

/** What a request can ask for besides a decision. */
export interface ServiceAbilities {
  /** True if there are keys that verify receipts, so that the workers have one to sign with. */
  readonly canIssueReceipts: boolean;
  /** False if photos are accepted as URLs only. */
  readonly acceptsUploads: boolean;
}

/**
 * Checks a request against the rules of its caller and what the service can do.
 * @throws RequestError that names every refused field.
 */
export function checkRequest(
  body: CompareRequest,
  { policy, canSign, minThreshold, minThresholdSetting }: CallerRules,
  { canIssueReceipts, acceptsUploads }: ServiceAbilities,
): void {
  const errors: ProblemItem[] = [];
  let context: VerificationError['context'] | undefined;
  const check = (
    url: string,
    purpose: 'image' | 'callback',
    place: Pick<ProblemItem, 'image' | 'field'>,
  ): void => {
    try {
      checkUrl(url, policy, purpose);
    } catch (error) {
      const failure = toVerificationError(error);
      context ??= failure.context;
      errors.push({ ...place, ...publicFactsOf(failure) });
    }
  };
  for (const name of IMAGE_NAMES) {
    const source = body[name];
    const place = { field: name, image: name };
    if (source.kind === 'url') check(source.url, 'image', place);
    else if (!acceptsUploads)
      errors.push({ ...place, ...publicFactsOf(new VerificationError('uploads_disabled')) });
  }
  if (body.callback_url !== undefined) check(body.callback_url, 'callback', { field: 'callback_url' });
  if (body.callback_url !== undefined && !canSign)
    errors.push({ field: 'callback_url', code: 'invalid_request', detail: CANNOT_SIGN });
  if (body.receipt && !canIssueReceipts)
    errors.push({ field: 'receipt', code: 'receipts_disabled', detail: ERROR_KINDS.receipts_disabled.text });
  if (body.threshold !== undefined && body.threshold < minThreshold) {
    const detail = `must be at least ${minThreshold}, the ${minThresholdSetting}, not ${body.threshold}`;
    errors.push({ field: 'threshold', code: 'invalid_request', detail });
  }
  if (errors.length > 0) throw new RequestError(errors, context);
}
