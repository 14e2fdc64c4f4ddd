import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { inSpan, type Span } from '../../shared/runtime/tracing.js';
import type { VerificationDependencies } from '../verification/verify-person.js';
import type { CompareJob } from './finish-job.js';

/**
 * Runs one attempt at a job as a span of the request's trace. `compare` gets the same steps, each wrapped in a child
 * span. Spans contain neither URLs nor photos.
 */
export function traceComparison<T extends { readonly outcome: ComparisonOutcome }>(
  job: CompareJob,
  steps: VerificationDependencies,
  compare: (steps: VerificationDependencies) => Promise<T>,
): Promise<T> {
  const attributes = {
    'face.job_id': job.id ?? '',
    'face.attempt': job.attemptsStarted,
    'face.queued_ms': Math.max(0, (job.processedOn ?? job.timestamp) - job.timestamp),
  };
  const options = { kind: 'consumer', parent: job.data.traceparent, attributes } as const;
  return inSpan('comparison', options, async (span) => {
    const result = await compare(span.isRecording() ? traceSteps(steps, span) : steps);
    const { outcome } = result;
    if (!outcome.ok) span.setAttribute('face.code', outcome.code);
    if (!outcome.ok && outcome.reason) span.setAttribute('face.reason', outcome.reason);
    return result;
  });
}

function traceSteps(steps: VerificationDependencies, parent: Span): VerificationDependencies {
  return {
    ...steps,
    loadImage: (source, signal) => {
      const name = typeof source === 'string' ? 'fetch image' : 'read stored image';
      return inSpan(name, { parent }, () => steps.loadImage(source, signal));
    },
    analyse: (bytes, request) =>
      inSpan(`analyse ${request.role}`, { parent }, () => steps.analyse(bytes, request)),
  };
}
