import type { PhotoPair } from './evaluation-plan.js';

/**
 * Returns the person of each photo, numbered by the first photo that mated pairs connect it to, directly or through other
 * photos.
 */
export function joinPersons(pairs: readonly PhotoPair[], photoCount: number): Uint32Array {
  const parents = Uint32Array.from({ length: photoCount }, (_, photo) => photo);
  const rootOf = (photo: number): number => {
    let root = photo;
    while (parents[root]! !== root) root = parents[root]!;
    parents[photo] = root;
    return root;
  };
  for (const { probe, reference, mated } of pairs) {
    if (!mated) continue;
    const [one, other] = [rootOf(probe), rootOf(reference)];
    parents[Math.max(one, other)] = Math.min(one, other);
  }
  return Uint32Array.from(parents, (_, photo) => rootOf(photo));
}

/** Returns the person of each photo, numbered in the order of `persons`. */
export function numberPersons(persons: readonly (readonly number[])[], photoCount: number): Uint32Array {
  const personOf = new Uint32Array(photoCount);
  for (const [person, photos] of persons.entries()) for (const photo of photos) personOf[photo] = person;
  return personOf;
}

/** Returns the photos of each person, in the order of the persons' first photos. */
export function groupPhotos(personOf: Iterable<number | string>): readonly (readonly number[])[] {
  const groups = new Map<number | string, number[]>();
  let photo = 0;
  for (const person of personOf) {
    const group = groups.get(person);
    if (group) group.push(photo);
    else groups.set(person, [photo]);
    photo += 1;
  }
  return [...groups.values()];
}
