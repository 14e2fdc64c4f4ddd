import type { ProblemItem } from '../../shared/contract/problem.js';
import { VerificationError } from '../../shared/errors.js';

/** A request that is refused for one or more reasons. Its code is that of the first reason. */
export class RequestError extends VerificationError {
  readonly items: readonly ProblemItem[];

  /** `context`: what the log says about the first reason. */
  constructor(items: readonly ProblemItem[], context: VerificationError['context'] = {}) {
    const [first] = items;
    if (!first) throw new Error('this is a bug: a refusal without a reason');
    const place = first.field ? `${first.field}: ` : '';
    super(first.code, { reason: first.reason, detail: `${place}${first.detail}`, context });
    this.items = items;
  }
}
