import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../../src/cli/user-error.js';
import type { EvaluationPlan, PhotoPair, PlanLimits } from './evaluation-plan.js';
import { groupPhotos, numberPersons } from './join-persons.js';
import { planVerifications } from './plan-verifications.js';

/** Locations of pairs.txt in common copies of LFW. */
const PAIRS_FILES = ['pairs.txt', '../pairs.txt'];

/**
 * Plans the View 2 protocol of Labeled Faces in the Wild: the folds of its pairs.txt over the photos in `root`, named
 * `Name/Name_0001.jpg`.
 * @throws UserError if the list of pairs is missing or does not match its first line.
 */
export function planLfw(root: string, pairsFile: string | undefined, limits: PlanLimits): EvaluationPlan {
  const path = pairsFile ?? PAIRS_FILES.map((name) => join(root, name)).find((file) => existsSync(file));
  if (!path) throw new UserError(`${root} contains no pairs.txt. Give its path with --pairs-file.`);
  const photos = new Map<string, number>();
  const names: string[] = [];
  const numberOf = (person: string, image: string): number => {
    const photo = photoName(person, image, path);
    const known = photos.get(photo);
    if (known !== undefined) return known;
    names.push(person);
    photos.set(photo, photos.size);
    return photos.size - 1;
  };
  const pairs = readFoldedPairs(path, numberOf);
  const persons = groupPhotos(names);
  return {
    source: 'lfw',
    root: resolve(root),
    photos: [...photos.keys()],
    pairs,
    persons: persons.length,
    personOf: numberPersons(persons, names.length),
    verifications: planVerifications(persons, (one, other) => names[one] !== names[other], limits),
    notes: [],
  };
}

/** The file: `folds<TAB>size`, then for each fold `size` lines of mated and `size` lines of non-mated pairs. */
function readFoldedPairs(
  path: string,
  numberOf: (person: string, image: string) => number,
): readonly PhotoPair[] {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const [folds, size] = head.trim().split(/\s+/).map(Number);
  if (!folds || !size || folds < 2 || lines.length !== folds * size * 2)
    throw new UserError(
      `${path} is not a View 2 list: its first line must give the numbers of folds and pairs, and as many lines must follow.`,
    );
  return lines.map((line, index) => {
    const [person = '', first = '', third = '', fourth] = line.trim().split(/\s+/);
    const mated = index % (2 * size) < size;
    if (mated !== (fourth === undefined))
      throw new UserError(`${path}: line ${index + 2} has the wrong kind.`);
    const reference = mated ? numberOf(person, third) : numberOf(third, fourth ?? '');
    return { probe: numberOf(person, first), reference, mated, fold: 1 + Math.floor(index / (2 * size)) };
  });
}

function photoName(person: string, image: string, path: string): string {
  if (person !== '' && /^\d{1,4}$/.test(image)) return `${person}/${person}_${image.padStart(4, '0')}.jpg`;
  throw new UserError(`${path} contains "${person} ${image}" instead of a name and a number.`);
}
