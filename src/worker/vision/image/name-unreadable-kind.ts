import type { ImageFormat } from '../types.js';
import { isFrameMarker, JPEG_MARKERS, nextSegment } from './jpeg/next-segment.js';

/** Kinds of JPEG that no browser reads, by the marker of the frame. Source: ITU-T T.81, table B.1. */
const JPEG_KINDS: Readonly<Record<number, string>> = {
  195: 'a lossless JPEG',
  197: 'a hierarchical JPEG',
  198: 'a hierarchical JPEG',
  199: 'a hierarchical JPEG',
  203: 'a lossless JPEG',
  205: 'a hierarchical JPEG',
  206: 'a hierarchical JPEG',
  207: 'a hierarchical JPEG',
  247: 'JPEG-LS',
};

/** Returns what a valid file is that has a readable format but a kind of it that we cannot decode; undefined otherwise. */
export function nameUnreadableKind(bytes: Uint8Array, format: ImageFormat): string | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (format === 'jpeg') return nameJpegKind(file);
  const isAppleOnly = format === 'png' && file.toString('latin1', 12, 16) === 'CgBI';
  return isAppleOnly ? 'a PNG for iOS apps (CgBI)' : undefined;
}

function nameJpegKind(file: Buffer): string | undefined {
  let at = 2;
  for (;;) {
    const segment = nextSegment(file, at);
    if (segment === undefined || segment.end <= segment.start) return undefined;
    const { marker, start, end } = segment;
    if (marker === JPEG_MARKERS.SOS) return undefined;
    if (marker in JPEG_KINDS) return JPEG_KINDS[marker];
    if (isFrameMarker(marker)) {
      const bits = file[start + 2] ?? 8;
      return bits === 8 ? undefined : `a JPEG of ${bits} bits per sample`;
    }
    at = end;
  }
}
