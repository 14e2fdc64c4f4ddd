import { type PhotoSource, readPhoto, toDataUrl } from './photo-source.js';
import type { CompareRequest } from './types.js';

const IMAGES = ['front_image1', 'front_image2', 'front_image3', 'back_image'] as const;

/** A body and the headers that it needs. */
export interface Body {
  readonly body: string | FormData;
  readonly headers: Readonly<Record<string, string>>;
}

/** Returns a request as JSON, or as a form if a photo is not a URL. Reads all photos, so that it can be sent again. */
export async function createBody(request: CompareRequest): Promise<Body> {
  const photos = await readPhotos(request);
  const urls = photos.filter(([, photo]) => typeof photo === 'string');
  const json = JSON.stringify({ ...request, ...NO_PHOTOS, ...Object.fromEntries(urls) });
  if (urls.length === photos.length) return { body: json, headers: { 'content-type': 'application/json' } };
  const form = new FormData();
  form.append('request', json);
  for (const [name, photo] of photos) if (typeof photo !== 'string') form.append(name, photo, name);
  return { body: form, headers: {} };
}

/** Returns a request as JSON; photos that are not URLs become data URLs. */
export async function createLine(request: CompareRequest): Promise<string> {
  const photos = await readPhotos(request);
  const urls = await Promise.all(
    photos.map(async ([name, photo]) => [name, typeof photo === 'string' ? photo : await toDataUrl(photo)]),
  );
  return JSON.stringify({ ...request, ...Object.fromEntries(urls) });
}

const NO_PHOTOS = Object.fromEntries(IMAGES.map((name) => [name, undefined]));

/** A missing photo stays missing: the service says so. */
async function readPhotos(request: CompareRequest): Promise<(readonly [string, string | Blob])[]> {
  const given = IMAGES.flatMap((name): [string, PhotoSource][] =>
    request[name] ? [[name, request[name]]] : [],
  );
  return Promise.all(given.map(async ([name, source]) => [name, await readPhoto(source)] as const));
}
