import { expect, it } from 'vitest';
import type { ShadowResult } from '../../../../src/shared/shadow/shadow-job.js';
import { createTrialSummary } from '../../../../src/worker/shadow/trial-summary.js';

it('says how many comparisons would change, and what other thresholds would', () => {
  const trial = { live: 'lite', pack: 'open', threshold: 0.43 };
  const summary = createTrialSummary(trial, new Date(0));
  const add = (live: ShadowResult, shadow: ShadowResult, deciding?: number): void =>
    summary.add({
      kind: 'compared',
      live,
      shadow,
      differences: [],
      ...(deciding === undefined ? {} : { deciding }),
    });
  for (const deciding of [0.62, 0.55, 0.45]) add('matched', 'matched', deciding);
  for (const deciding of [0.42, 0.3]) add('matched', 'not_matched', deciding);
  add('not_matched', 'not_matched', -0.1);
  add('not_matched', 'matched', 0.6);
  add('matched', 'could_not_tell');
  summary.add({ kind: 'not_compared', reason: 'photos_changed' });

  expect(summary.describe()).toMatchInlineSnapshot(`
    "live lite, shadow open, SHADOW_THRESHOLD 0.43, since 1970-01-01T00:00:00.000Z
    Of 8 comparisons 4 would change.
           2  matched → not_matched
           1  not_matched → matched
           1  matched → could_not_tell
    1 could not be compared.
           1  photos_changed
    With another threshold of the shadow, of the comparisons whose three fronts it has judged:
      threshold  matched → not_matched  not_matched → matched
      0.30       0 of 5                 1 of 2
      0.35       1 of 5                 1 of 2
      0.40       1 of 5                 1 of 2
      0.45       2 of 5                 1 of 2
      0.50       3 of 5                 1 of 2
      0.55       3 of 5                 1 of 2
      0.60       4 of 5                 1 of 2
      0.65       5 of 5                 0 of 2
      0.70       5 of 5                 0 of 2
    "
  `);
});
