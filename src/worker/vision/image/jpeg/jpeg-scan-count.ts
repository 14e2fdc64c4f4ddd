import { JPEG_MARKERS, nextSegment } from './next-segment.js';

/**
 * Returns the number of scans of a JPEG, counting up to `limit + 1`. Segments are skipped, so an EXIF thumbnail does not
 * count, nor does anything after the end of the first picture. Walks the markers exactly as libjpeg does, so no file can
 * hide scans that the decoder would meet. Time is linear in the file's size; nothing is decoded.
 */
export function countJpegScans(bytes: Uint8Array, limit: number): number {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let scans = 0;
  let at = 2;
  while (scans <= limit) {
    const segment = nextSegment(file, at);
    if (segment === undefined) return scans;
    const { marker, start, end } = segment;
    if (marker === JPEG_MARKERS.EOI || marker === JPEG_MARKERS.SOI) return scans;
    if (marker === JPEG_MARKERS.SOS) scans += 1;
    if (end === start) return scans;
    at = end;
  }
  return scans;
}
