import { readdirSync } from 'node:fs';
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
 * Returns the photos in every folder of `root`, one folder per person, including subfolders. Skips files that are not
 * images by name, hidden folders and empty folders.
 * @throws UserError if fewer than two folders contain photos.
 */
export function listPhotos(root: string): readonly PersonFolder[] {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => ({ name, photos: photosOf(root, name) }))
    .filter(({ photos }) => photos.length > 0)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  if (folders.length >= 2) return folders;
  throw new UserError(`${root} must contain at least two folders of photos, one per person.`);
}

function photosOf(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && PHOTO_NAME.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
