/** Second bytes of JPEG markers. Source: ITU-T T.81, table B.1. */
export const JPEG_MARKERS = {
  TEM: 0x01,
  SOF0: 0xc0,
  SOF2: 0xc2,
  DHT: 0xc4,
  JPG: 0xc8,
  DAC: 0xcc,
  SOF15: 0xcf,
  RST0: 0xd0,
  RST7: 0xd7,
  SOI: 0xd8,
  EOI: 0xd9,
  SOS: 0xda,
  DRI: 0xdd,
  APP0: 0xe0,
  APP14: 0xee,
} as const;

/** A segment of a JPEG, or the marker of its end. */
export interface JpegSegment {
  readonly marker: number;
  /** Position of its length, or of the end marker's next byte. */
  readonly start: number;
  /** Position behind the segment, possibly beyond the file; the start if it has no length. */
  readonly end: number;
}

/**
 * Returns the next segment at or after `from`, as libjpeg finds it: it skips to the next 0xFF, and skips stuffed zeros and
 * markers without data. Undefined if the file ends first. A second start marker counts as a segment without data.
 */
export function nextSegment(file: Buffer, from: number): JpegSegment | undefined {
  let start = from;
  for (;;) {
    start = file.indexOf(0xff, start);
    if (start === -1) return undefined;
    while (file[start] === 0xff) start += 1;
    const marker = file[start];
    start += 1;
    if (marker === undefined) return undefined;
    if (isWithoutData(marker)) continue;
    const { SOI, EOI } = JPEG_MARKERS;
    if (marker === SOI || marker === EOI) return { marker, start, end: start };
    return { marker, start, end: start + 2 > file.length ? start : start + file.readUInt16BE(start) };
  }
}

/** True for the marker of a frame header: SOF0 to SOF15 without the other markers between them. */
export function isFrameMarker(marker: number): boolean {
  const { SOF0, SOF15, DHT, JPG, DAC } = JPEG_MARKERS;
  return marker >= SOF0 && marker <= SOF15 && marker !== DHT && marker !== JPG && marker !== DAC;
}

function isWithoutData(marker: number): boolean {
  const { TEM, RST0, RST7 } = JPEG_MARKERS;
  return marker === 0 || marker === TEM || (marker >= RST0 && marker <= RST7);
}
