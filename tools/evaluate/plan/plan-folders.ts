import { resolve } from 'node:path';
import type { EvaluationPlan, PhotoPair, PlanLimits } from './evaluation-plan.js';
import { groupPhotos } from './join-persons.js';
import { listPhotos } from './list-photos.js';
import { planVerifications } from './plan-verifications.js';

/**
 * Plans all mated and non-mated pairs of a folder with one folder per person. Above the limit they are not listed.
 * @throws UserError if fewer than two folders contain photos.
 */
export function planFolders(root: string, limits: PlanLimits): EvaluationPlan {
  const folders = listPhotos(root);
  const personOf = Uint32Array.from(folders.flatMap(({ photos }, person) => photos.map(() => person)));
  const persons = groupPhotos(personOf);
  const total = countPairs(personOf.length);
  const mated = persons.reduce((sum, { length }) => sum + countPairs(length), 0);
  const allPairs = { mated, nonMated: total - mated };
  const isListed = total <= limits.maxListed;
  return {
    source: 'folders',
    root: resolve(root),
    persons: persons.length,
    personOf,
    photos: folders.flatMap(({ photos }) => photos),
    pairs: isListed ? listPairs(personOf) : [],
    ...(isListed ? {} : { allPairs }),
    verifications: planVerifications(persons, (one, other) => personOf[one] !== personOf[other], limits),
    notes: isListed
      ? []
      : [
          `All ${total.toLocaleString('en')} pairs were counted in steps of similarity of 0.0001. scores.csv does not list them.`,
        ],
  };
}

const countPairs = (photos: number): number => (photos * (photos - 1)) / 2;

/** Returns the mated pairs first. */
function listPairs(personOf: Uint32Array): readonly PhotoPair[] {
  const mated: PhotoPair[] = [];
  const nonMated: PhotoPair[] = [];
  for (const probe of personOf.keys()) {
    for (let reference = probe + 1; reference < personOf.length; reference++) {
      const same = personOf[probe] === personOf[reference];
      (same ? mated : nonMated).push({ probe, reference, mated: same });
    }
  }
  return [...mated, ...nonMated];
}
