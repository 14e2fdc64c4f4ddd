import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { UserError } from '../../user-error.js';
import { PHOTO_TYPES, type PhotoSource } from './photo-server.js';

/** Usual names of a reference. If no photo has one, the last photo is the reference, as in `npm run compare`. */
const REFERENCE_NAME = /^(back|ref|id)/i;

/**
 * Returns the photos in `folder`, without its subfolders. Photos that are added later are served too; links are not, because
 * they could lead to other files of this machine.
 * @throws UserError if the folder cannot be read or has fewer than two photos.
 */
export function openPhotoFolder(folder: string): PhotoSource {
  const names = listPhotos(folder);
  const reference = names.find((name) => REFERENCE_NAME.test(name)) ?? names.at(-1);
  const fronts = names.filter((name) => name !== reference);
  const [first] = fronts;
  if (reference === undefined || first === undefined)
    throw new UserError(`${folder} has ${names.length} JPEG, PNG or WebP photos. It needs at least two.`);
  return {
    fronts: [first, fronts[1] ?? first, fronts[2] ?? first],
    reference,
    description: `the photos in ${folder}`,
    read: async (name) => (listPhotos(folder).includes(name) ? readFile(join(folder, name)) : undefined),
  };
}

function listPhotos(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && extname(entry.name).toLowerCase() in PHOTO_TYPES)
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    throw new UserError(`Cannot read the folder ${folder} (${(error as NodeJS.ErrnoException).code}).`);
  }
}
