import { resolve } from 'node:path';
import type { EvaluationPlan, PhotoPair, PlanLimits } from './evaluation-plan.js';
import { groupPhotos } from './join-persons.js';
import { listPhotos } from './list-photos.js';
import { planVerifications } from './plan-verifications.js';
import { createRandom, drawSample } from './random.js';

/** For each photo, the range of photos it is paired with: start and exclusive end. */
type PartnerRanges = readonly (readonly [number, number])[];

/**
 * Plans all mated and non-mated pairs of a folder with one folder per person, or a random sample of each kind above the
 * limits.
 * @throws UserError if fewer than two folders contain photos.
 */
export function planFolders(root: string, limits: PlanLimits): EvaluationPlan {
  const folders = listPhotos(root);
  const names = folders.flatMap(({ name, photos }) => photos.map(() => name));
  const persons = groupPhotos(names);
  const endOf = new Map(
    persons.flatMap((photos) => photos.map((photo) => [photo, (photos.at(-1) ?? 0) + 1])),
  );
  const ranges = names.map((_, photo) => ({ own: photo + 1, others: endOf.get(photo) ?? 0 }));
  const random = createRandom(limits.seed);
  const mated = drawPairs(
    ranges.map(({ own, others }) => [own, others]),
    limits.maxMated,
    random,
  );
  const nonMated = drawPairs(
    ranges.map(({ others }) => [others, names.length]),
    limits.maxNonMated,
    random,
  );
  return {
    source: 'folders',
    root: resolve(root),
    persons: persons.length,
    photos: folders.flatMap(({ photos }) => photos),
    pairs: [
      ...mated.pairs.map((pair) => ({ ...pair, mated: true })),
      ...nonMated.pairs.map((pair) => ({ ...pair, mated: false })),
    ],
    verifications: planVerifications(persons, (one, other) => names[one] !== names[other], limits),
    notes: [...describeDraw('mated', mated), ...describeDraw('non-mated', nonMated)],
  };
}

interface Draw {
  readonly pairs: readonly Omit<PhotoPair, 'mated'>[];
  readonly total: number;
}

function describeDraw(kind: string, { pairs, total }: Draw): readonly string[] {
  if (pairs.length === total) return [];
  return [`${pairs.length} of the ${total} possible ${kind} pairs were drawn at random.`];
}

function drawPairs(ranges: PartnerRanges, limit: number, random: () => number): Draw {
  let total = 0;
  const starts = ranges.map(([from, to]) => {
    const start = total;
    total += to - from;
    return start;
  });
  let probe = 0;
  const pairs = drawSample(total, limit, random).map((index) => {
    // The drawn numbers are ascending, so the photo that they belong to is too.
    while (index >= (starts[probe + 1] ?? total)) probe += 1;
    return { probe, reference: (ranges[probe]?.[0] ?? 0) + index - (starts[probe] ?? 0) };
  });
  return { pairs, total };
}
