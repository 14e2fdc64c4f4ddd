import type { ImageName } from '../../../src/shared/contract/compare-request.js';
import { samePersonPhotos } from './photos.js';

/** A key for UPLOAD_KEYS: the bytes 0 to 31. */
export const UPLOAD_KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

/** The bytes of a reference and three probes of one person, by field. */
export async function uploadPhotos(): Promise<Record<ImageName, Buffer>> {
  const [back_image, , front_image1, front_image2, front_image3] = await samePersonPhotos();
  if (!back_image || !front_image1 || !front_image2 || !front_image3) throw new Error('photos are missing');
  return { front_image1, front_image2, front_image3, back_image };
}

/** Returns a photo as a data: URL. */
export function dataUrlOf(photo: Buffer): string {
  return `data:image/jpeg;base64,${photo.toString('base64')}`;
}
