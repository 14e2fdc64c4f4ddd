import { inSpan, type Span } from '../shared/tracing.js';
import type { VerificationDependencies } from './verify-person.js';

/** Returns the same steps, each seen as a span of `parent`'s trace. Neither URLs nor photos reach a span. */
export function traceSteps(steps: VerificationDependencies, parent: Span): VerificationDependencies {
  if (!parent.isRecording()) return steps;
  return {
    ...steps,
    fetchImage: (url, signal) => inSpan('fetch image', { parent }, () => steps.fetchImage(url, signal)),
    analyse: (bytes, role, signal) =>
      inSpan(`analyse ${role}`, { parent }, () => steps.analyse(bytes, role, signal)),
  };
}
