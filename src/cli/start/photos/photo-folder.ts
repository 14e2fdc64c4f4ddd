import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { UserError } from '../../user-error.js';
import { PHOTO_TYPES, type PhotoSource } from './photo-server.js';

/** Names that a reference usually has; otherwise it is the last photo, as with `npm run compare`. */
const REFERENCE_NAME = /^(back|ref|id)/i;

/**
 * Returns the photos that lie in `folder` itself; photos that are added later are found too.
 * @throws UserError when it cannot be read or holds fewer than two photos.
 */
export function openPhotoFolder(folder: string): PhotoSource {
  const names = listPhotos(folder);
  const reference = names.find((name) => REFERENCE_NAME.test(name)) ?? names.at(-1);
  const fronts = names.filter((name) => name !== reference);
  const [first] = fronts;
  if (reference === undefined || first === undefined)
    throw new UserError(`${folder} holds ${names.length} JPEG, PNG or WebP photos. Put in two or more.`);
  return {
    fronts: [first, fronts[1] ?? first, fronts[2] ?? first],
    reference,
    description: `those of ${folder}`,
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
