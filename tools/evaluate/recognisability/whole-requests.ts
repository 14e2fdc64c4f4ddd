import { compareEmbeddings } from '../../../src/worker/vision/face/compare-embeddings.js';
import type { Random } from '../plan/random.js';
import { type Comparison, compareJudged, type Judged } from './acceptance-table.js';

/** Outcomes of mated pairs: two photos of one person. */
interface MatedCounts {
  readonly pairs: number;
  /** Pairs that are compared and do not match, and pairs that are not compared. */
  readonly nonMatching: number;
  readonly untold: number;
  /** Pairs that do not match without the check. */
  readonly nonMatchingBefore: number;
  /** Pairs that match while both photos are clean, and no longer if one is spoilt; how many of them are not compared. */
  readonly lost: number;
  readonly told: number;
}

interface RequestOptions {
  readonly count: number;
  readonly threshold: number;
  readonly random: Random;
}

/** Counts what the check does to photos of one person. */
export function countMated(examples: readonly Judged[], threshold: number): MatedCounts {
  const counts = { pairs: 0, nonMatching: 0, untold: 0, nonMatchingBefore: 0, lost: 0, told: 0 };
  const photos = examples.filter(({ label }) => label === 'photo');
  for (const [one, other] of matedPairs(photos)) {
    const matches = compareEmbeddings(one.embedding, other.embedding) >= threshold;
    const comparison = compare(one, other, threshold);
    counts.pairs += 1;
    if (!matches) counts.nonMatchingBefore += 1;
    if (comparison === 'untold') counts.untold += 1;
    if (comparison === 'non-match') counts.nonMatching += 1;
    if (!matches) continue;
    for (const spoilt of examples) {
      if (spoilt.photo !== other.photo || (spoilt.kind !== 'spoilt' && spoilt.kind !== 'covered')) continue;
      if (compareEmbeddings(one.embedding, spoilt.embedding) >= threshold) continue;
      counts.lost += 1;
      if (compare(one, spoilt, threshold) === 'untold') counts.told += 1;
    }
  }
  return counts;
}

function* matedPairs(photos: readonly Judged[]): Generator<readonly [Judged, Judged]> {
  for (const one of photos)
    for (const other of photos)
      if (one.person === other.person && one.photo !== other.photo) yield [one, other];
}

function compare(one: Judged, other: Judged, threshold: number): Comparison {
  const similarity = compareEmbeddings(one.embedding, other.embedding);
  return compareJudged(one, other, { similarity, threshold });
}

/** Returns how many of `count` requests match whose four faces are drawn by chance: two of three against the fourth. */
export function countMatchingRequests(
  examples: readonly Judged[],
  { count, threshold, random }: RequestOptions,
): number {
  let matching = 0;
  for (let request = 0; request < count; request++) {
    const [reference, ...probes] = drawFour(examples, random);
    if (!reference) continue;
    const matches = probes.filter((probe) => compare(probe, reference, threshold) === 'match');
    if (matches.length >= 2) matching += 1;
  }
  return matching;
}

/** Returns four faces of four persons; fewer if there are not so many. */
function drawFour(examples: readonly Judged[], random: Random): readonly Judged[] {
  const drawn: Judged[] = [];
  for (let tries = 0; tries < 40 && drawn.length < 4; tries++) {
    const face = examples[Math.floor(random() * examples.length)];
    if (face && drawn.every(({ person }) => person !== face.person)) drawn.push(face);
  }
  return drawn;
}
