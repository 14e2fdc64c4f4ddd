import { JPEG_MARKERS, nextSegment } from '../vision/image/jpeg/next-segment.js';

/**
 * True if `bytes` are a JPEG, PNG or WebP whose end is missing. Nothing else shows that a connection broke off where the
 * host announces no length. Time is linear in the size; nothing is decoded.
 */
export function isCutOff(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = file.toString('latin1', 0, 12);
  if (start.startsWith('\xff\xd8\xff')) return !hasJpegEnd(file);
  if (start.startsWith('\x89PNG')) return file.lastIndexOf('IEND') === -1;
  if (/^RIFF.{4}WEBP/s.test(start)) return file.readUInt32LE(4) + 8 > file.length;
  return false;
}

function hasJpegEnd(file: Buffer): boolean {
  let at = 2;
  for (;;) {
    const segment = nextSegment(file, at);
    if (segment === undefined) return false;
    if (segment.marker === JPEG_MARKERS.EOI) return true;
    if (segment.end <= segment.start) return false;
    at = segment.end;
  }
}
