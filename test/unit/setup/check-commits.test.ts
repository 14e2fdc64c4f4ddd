import { describe, expect, it } from 'vitest';
import { findSubjectProblem } from '../../../scripts/check-commits.mjs';

describe('findSubjectProblem', () => {
  it.each([
    'api: require a key on every operation by default',
    'worker: process two photos at a time',
    'shared: address a cluster by its first node',
    'docs: report worker memory over 20,000 comparisons',
    'docs, bench: list five runs',
  ])('accepts "%s"', (subject) => {
    expect(findSubjectProblem(subject)).toBeUndefined();
  });

  it.each([
    ['api: require a key on every operation by default, also on new ones', 'characters'],
    ['Tidy up', 'area'],
    ['api: no deadline before Redis answers', 'imperative'],
    ['worker: fixes a race', 'imperative'],
    ['worker: fixed a race', 'imperative'],
    ['worker: fix a race.', 'full stop'],
  ])('refuses "%s" because of its %s', (subject, reason) => {
    expect(findSubjectProblem(subject)).toContain(reason);
  });
});
