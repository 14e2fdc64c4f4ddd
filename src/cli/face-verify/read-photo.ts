import { buffer } from 'node:stream/consumers';
import { IMAGE_NAMES, type ImageName } from '../../shared/contract/compare-request.js';
import { readNamedFile } from '../read-named-file.js';
import type { ComparisonFields } from './options.js';

/** A photo as the user named it: the service fetches a URL itself, and gets the bytes of everything else. */
export type Photo = { readonly url: string } | { readonly bytes: Uint8Array };

/** The photos of a request, in the order of IMAGE_NAMES: three fronts, then the reference. */
export type Photos = Readonly<Record<ImageName, Photo>>;

/**
 * Returns a photo named by an http(s) or data URL, by the path of a file, or by `-`, standard input.
 * @throws UserError if it cannot be read.
 */
export async function readPhoto(name: string): Promise<Photo> {
  if (name === '-') return { bytes: await buffer(process.stdin) };
  return isUrl(name) ? { url: name } : { bytes: await readNamedFile(name) };
}

/** True for what the service reads itself. */
export function isUrl(name: string): boolean {
  return /^(?:https?:\/\/|data:)/i.test(name);
}

/** Returns the body of a request: JSON if all photos are URLs, else a form with a part for each file. */
export function createBody(photos: Photos, fields: ComparisonFields): string | FormData {
  const urls: Record<string, string> = {};
  const form = new FormData();
  let hasFiles = false;
  for (const name of IMAGE_NAMES) {
    const photo = photos[name];
    if ('url' in photo) urls[name] = photo.url;
    else {
      hasFiles = true;
      // The name of the file stays here: it can name the person.
      form.set(name, new Blob([new Uint8Array(photo.bytes)]), 'photo');
    }
  }
  const json = JSON.stringify({ ...fields, ...urls });
  if (!hasFiles) return json;
  form.set('request', json);
  return form;
}
