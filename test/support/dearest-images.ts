import { manyScanJpeg } from './jpeg-builder.js';
import { blackPng } from './png-builder.js';

/** As many pixels as the default limit lets through: 50 megapixels. */
const LARGEST = { width: 7_071, height: 7_071 };

/** Valid, within every limit, and as dear to decode as that allows. */
export const DEAREST_IMAGES = {
  'scans.jpg': () => manyScanJpeg({ ...LARGEST, scans: 25 }),
  'interlaced.png': () => blackPng({ ...LARGEST, depth: 16, colourType: 6, interlaced: true }),
  'largest.png': () => blackPng(LARGEST),
} as const satisfies Readonly<Record<string, () => Buffer>>;
