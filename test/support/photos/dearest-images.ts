import { manyScanJpeg } from '../builders/jpeg-builder.js';
import { blackPng } from '../builders/png-builder.js';

/** The most pixels that the default limit allows: 110 megapixels for a JPEG, 55 for other formats. */
const LARGEST_JPEG = { width: 10_488, height: 10_488 };
const LARGEST = { width: 7_416, height: 7_416 };

/** Valid images within every limit that are as expensive to decode as possible. */
export const DEAREST_IMAGES = {
  'scans.jpg': () => manyScanJpeg({ ...LARGEST_JPEG, scans: 12 }),
  'interlaced.png': () => blackPng({ ...LARGEST, depth: 16, colourType: 6, interlaced: true }),
  'largest.png': () => blackPng(LARGEST),
} as const satisfies Readonly<Record<string, () => Buffer>>;
