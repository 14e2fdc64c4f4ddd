import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { UserError } from '../../../src/cli/user-error.js';

const PHOTO_NAME = /\.(jpe?g|png|webp|avif|gif|tiff?)$/i;

/** The photos of one person. */
export interface PersonFolder {
  readonly name: string;
  /** Names relative to the folder of all persons, with forward slashes, sorted. */
  readonly photos: readonly string[];
}

/**
 * Returns the photos in every folder of `root`, one folder per person, including subfolders. Follows links, and takes a file
 * to which several names of a person lead once. Skips files that are not images by name, hidden folders and empty folders.
 * @throws UserError if fewer than two folders contain photos, or if two persons have the same file.
 */
export function listPhotos(root: string): readonly PersonFolder[] {
  const owners = new Map<string, string>();
  const folders = listFolders(root)
    .map((name) => ({ name, photos: photosOf(root, name, owners) }))
    .filter(({ photos }) => photos.length > 0);
  if (folders.length >= 2) return folders;
  throw new UserError(`${root} must contain at least two folders of photos, one per person.`);
}

/** Returns the names of the folders in `root`, and of links to folders, sorted; without hidden ones. */
export function listFolders(root: string): readonly string[] {
  return readdirSync(root)
    .filter((name) => !name.startsWith('.') && statsOf(join(root, name))?.isDirectory())
    .sort();
}

/** Adds each photo to `owners`, by the place where it really is. */
function photosOf(root: string, person: string, owners: Map<string, string>): readonly string[] {
  const photos: string[] = [];
  for (const path of [...walk(join(root, person), [])].sort()) {
    const photo = relative(root, path).split(sep).join('/');
    const file = realpathSync(path);
    const owner = owners.get(file);
    if (owner === undefined) photos.push(photo);
    else if (!owner.startsWith(`${person}/`))
      throw new UserError(`${owner} and ${photo} are the same file, so one of the two persons is wrong.`);
    owners.set(file, photo);
  }
  return photos;
}

/** The photos below a folder. A link to one of the folders above it is not followed. */
function* walk(folder: string, above: readonly string[]): Generator<string> {
  const real = realpathSync(folder);
  if (above.includes(real)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = statsOf(path);
    if (stats?.isDirectory()) yield* walk(path, [...above, real]);
    else if (stats?.isFile() && PHOTO_NAME.test(name)) yield path;
  }
}

/** Returns what a name leads to; undefined for a link to nothing or to itself. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}
