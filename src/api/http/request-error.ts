import type { ProblemItem } from '../../shared/contract/problem.js';
import { VerificationError } from '../../shared/errors.js';

/** A request refused for one reason or for several; its code is the first one's. */
export class RequestError extends VerificationError {
  readonly items: readonly ProblemItem[];

  /** `context`: what the log says of the first reason. */
  constructor(items: readonly ProblemItem[], context: VerificationError['context'] = {}) {
    const [first] = items;
    if (!first) throw new Error('this is a bug: a refusal needs a reason');
    const place = first.field ? `${first.field}: ` : '';
    super(first.code, { reason: first.reason, detail: `${place}${first.detail}`, context });
    this.items = items;
  }
}
