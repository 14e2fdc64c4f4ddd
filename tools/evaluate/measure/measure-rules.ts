import type { EvaluationPlan } from '../plan/evaluation-plan.js';
import type { RuleOutcome } from '../results/report.js';
import { countOutcomes, type ScoredVerification } from '../statistics/k-of-n.js';
import type { EvaluationState } from './evaluation-state.js';
import { rateWithInterval } from './measure-rates.js';

/** Returns the outcomes of the scored attempts under the rules 2 of 3 and 3 of 3. */
export function measureRules(
  plan: EvaluationPlan,
  state: EvaluationState,
  threshold: number,
): readonly RuleOutcome[] {
  const attempts = listAttempts(plan, state);
  return ([2, 3] as const).map((minMatches) => {
    const mated = countOutcomes(attempts, { mated: true, threshold, minMatches });
    const nonMated = countOutcomes(attempts, { mated: false, threshold, minMatches });
    const decided = {
      mated: mated.matched + mated.notMatched,
      nonMated: nonMated.matched + nonMated.notMatched,
    };
    return {
      minMatches,
      mated,
      nonMated,
      falseNonMatches: rateWithInterval({ errors: mated.notMatched, trials: decided.mated }),
      falseMatches: rateWithInterval({ errors: nonMated.matched, trials: decided.nonMated }),
    };
  });
}

/** Attempts with an unusable reference are left out: the service refuses them before any comparison. */
function listAttempts(plan: EvaluationPlan, state: EvaluationState): readonly ScoredVerification[] {
  return plan.verifications.flatMap(({ mated, reference }, index): ScoredVerification[] => {
    const similarities = state.verifications[index];
    if (!similarities || state.records[reference]?.usable === false) return [];
    const [first, second, third] = similarities.map((value) => (Number.isNaN(value) ? undefined : value));
    return [{ mated, similarities: [first, second, third] }];
  });
}
