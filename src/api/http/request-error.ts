import type { ProblemItem } from '../../shared/contract/problem.js';
import { type PublicFacts, VerificationError } from '../../shared/errors.js';

/** A request that is refused for one or more reasons. Its code is that of the first reason, or of a summary of all. */
export class RequestError extends VerificationError {
  readonly items: readonly ProblemItem[];

  /** `context`: what the log says about the first reason. */
  constructor(
    items: readonly ProblemItem[],
    context: VerificationError['context'] = {},
    summary?: PublicFacts,
  ) {
    const [first] = items;
    if (!first) throw new Error('this is a bug: a refusal without a reason');
    const place = first.field ? `${first.field}: ` : '';
    const { code, reason, detail } = summary ?? { ...first, detail: `${place}${first.detail}` };
    super(code, { reason, detail, context });
    this.items = items;
  }
}
