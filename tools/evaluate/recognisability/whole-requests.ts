import { compareEmbeddings } from '../../../src/worker/vision/face/compare-embeddings.js';
import type { Random } from '../plan/random.js';
import { compareJudged, type Judged } from './acceptance-table.js';

/** Outcomes of mated pairs: two photos of one person. */
export interface MatedCounts {
  readonly pairs: number;
  /** Pairs that do not match although both may be compared, and pairs of which one side may not. */
  readonly nonMatching: number;
  readonly refused: number;
  /** Without the check: pairs that do not match. */
  readonly nonMatchingBefore: number;
  /** Pairs that match while both are clean and no longer when one is spoilt, and how many of those are refused. */
  readonly lost: number;
  readonly told: number;
}

/** Counts what the check does to photos of one and the same person. */
export function countMated(examples: readonly Judged[], threshold: number): MatedCounts {
  const counts = { pairs: 0, nonMatching: 0, refused: 0, nonMatchingBefore: 0, lost: 0, told: 0 };
  const photos = examples.filter(({ label }) => label === 'photo');
  for (const [one, other] of matedPairs(photos)) {
    counts.pairs += 1;
    const matches = compareEmbeddings(one.embedding, other.embedding) >= threshold;
    if (!matches) counts.nonMatchingBefore += 1;
    if (compareJudged(one, other, threshold) === undefined) counts.refused += 1;
    else if (!matches) counts.nonMatching += 1;
    if (!matches) continue;
    for (const spoilt of examples) {
      if (spoilt.photo !== other.photo || (spoilt.kind !== 'spoilt' && spoilt.kind !== 'covered')) continue;
      if (compareEmbeddings(one.embedding, spoilt.embedding) >= threshold) continue;
      counts.lost += 1;
      if (compareJudged(one, spoilt, threshold) === undefined) counts.told += 1;
    }
  }
  return counts;
}

function* matedPairs(photos: readonly Judged[]): Generator<readonly [Judged, Judged]> {
  for (const one of photos)
    for (const other of photos)
      if (one.person === other.person && one.photo !== other.photo) yield [one, other];
}

/** Returns how many of `count` requests of four faces drawn from `examples` match: two of three against the fourth. */
export function countMatchingRequests(
  examples: readonly Judged[],
  {
    count,
    threshold,
    random,
  }: { readonly count: number; readonly threshold: number; readonly random: Random },
): number {
  let matching = 0;
  for (let request = 0; request < count; request++) {
    const [reference, ...probes] = drawFour(examples, random);
    if (!reference?.usable) continue;
    const matches = probes.filter((probe) => (compareJudged(probe, reference, threshold) ?? -1) >= threshold);
    if (matches.length >= 2) matching += 1;
  }
  return matching;
}

/** Four faces of four persons; fewer where there are not so many. */
function drawFour(examples: readonly Judged[], random: Random): readonly Judged[] {
  const drawn: Judged[] = [];
  for (let tries = 0; tries < 40 && drawn.length < 4; tries++) {
    const face = examples[Math.floor(random() * examples.length)];
    if (face && drawn.every(({ person }) => person !== face.person)) drawn.push(face);
  }
  return drawn;
}
