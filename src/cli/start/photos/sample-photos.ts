import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Cut } from '../../pictures/cut-photo.js';
import type { PhotoSource } from './photo-server.js';

interface Sample extends Cut {
  /** Name of the photo in the package. */
  readonly photo: string;
}

/** Two photos of one woman, and one of another. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  'front1.jpg': { photo: 'sample3.jpg', left: 977, top: 104, width: 415, height: 497 },
  'front2.jpg': { photo: 'sample3.jpg', left: 1023, top: 150, width: 323, height: 405, mirrored: true },
  'front3.jpg': { photo: 'sample3.jpg', left: 992, top: 119, width: 385, height: 467, widthPx: 320 },
  'back.jpg': { photo: 'sample1.jpg', left: 1346, top: 87, width: 460, height: 470 },
  'other.jpg': { photo: 'sample6.jpg', left: 170, top: 396, width: 386, height: 447 },
};

/**
 * Returns sample photos, cut on demand from those of the development dependency @vladmandic/face-api; undefined if it is not
 * installed. This repository contains no photos of people.
 * @param modules absolute path of node_modules
 */
export function openSamplePhotos(modules: string): PhotoSource | undefined {
  const folder = join(modules, '@vladmandic/face-api/demo');
  if (!existsSync(join(folder, 'sample6.jpg'))) return undefined;
  return {
    fronts: ['front1.jpg', 'front2.jpg', 'front3.jpg'],
    reference: 'back.jpg',
    other: 'other.jpg',
    description: 'samples from the package @vladmandic/face-api; other.jpg shows another woman',
    read: async (name) => {
      const sample = Object.hasOwn(SAMPLES, name) ? SAMPLES[name] : undefined;
      if (!sample) return undefined;
      // Loaded on the first request, because most runs can save the time and memory.
      const { cutPhoto } = await import('../../pictures/cut-photo.js');
      return cutPhoto(join(folder, sample.photo), sample);
    },
  };
}
