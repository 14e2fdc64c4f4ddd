/** Second byte of the marker of a baseline frame, and of a progressive one. */
const SOF0 = 0xc0;
const SOF2 = 0xc2;

/** Returns one segment: 0xFF, marker, length, data. */
export function jpegSegment(marker: number, data: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

/** Returns `jpeg` with segments inserted after its start marker. */
export function withJpegSegments(jpeg: Buffer, segments: readonly Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

/** Returns an APP1 segment with EXIF data; `tiff` follows the six bytes of its name. */
export function exifSegment(tiff: Uint8Array): Buffer {
  return jpegSegment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]));
}

/** Returns an EXIF segment with only an orientation. */
export function orientationSegment(orientation: number): Buffer {
  const tiff = Buffer.from(
    '4949 2a00 08000000 0100 1201 0300 01000000 0000 0000 00000000'.replaceAll(' ', ''),
    'hex',
  );
  tiff.writeUInt16LE(orientation, 18);
  return exifSegment(tiff);
}

/** Returns a copy of a baseline JPEG with a changed frame header. */
export function withJpegFrame(
  jpeg: Buffer,
  change: { marker?: number; bits?: number; width?: number; height?: number; components?: number },
): Buffer {
  const copy = Buffer.from(jpeg);
  const at = copy.indexOf(Buffer.from([0xff, SOF0]));
  if (at === -1) throw new Error('not a baseline JPEG');
  if (change.marker !== undefined) copy[at + 1] = change.marker;
  if (change.bits !== undefined) copy[at + 4] = change.bits;
  if (change.height !== undefined) copy.writeUInt16BE(change.height, at + 5);
  if (change.width !== undefined) copy.writeUInt16BE(change.width, at + 7);
  if (change.components !== undefined) copy[at + 9] = change.components;
  return copy;
}

/** Writes bits of entropy-coded data: most significant first, a zero byte after each 0xFF, padded with ones. */
class BitWriter {
  readonly #bytes: number[] = [];
  #pending = 0;
  #count = 0;

  write(value: number, length: number): void {
    for (let bit = length - 1; bit >= 0; bit -= 1) {
      this.#pending = (this.#pending << 1) | ((value >> bit) & 1);
      this.#count += 1;
      if (this.#count === 8) this.#flush();
    }
  }

  end(): Buffer {
    while (this.#count > 0) this.write(1, 1);
    return Buffer.from(this.#bytes);
  }

  #flush(): void {
    this.#bytes.push(this.#pending);
    if (this.#pending === 0xff) this.#bytes.push(0);
    this.#pending = 0;
    this.#count = 0;
  }
}

/** Successive approximations of one coefficient that libjpeg accepts at most: bits 13 to 0. */
const APPROXIMATIONS = 14;
/** Scans that the standard allows in a grey progressive JPEG at most. */
export const MOST_SCANS = 1 + 63 * APPROXIMATIONS;

/**
 * Returns a valid mid-grey progressive JPEG with as many scans as asked for, at most MOST_SCANS. Each scan after the
 * first says in a few bytes that one bit of one coefficient is zero in every block; a decoder must visit all blocks.
 */
export function manyScanJpeg(size: { width: number; height: number; scans: number }): Buffer {
  const blocks = Math.ceil(size.width / 8) * Math.ceil(size.height / 8);
  const frame = Buffer.from([8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(size.height, 1);
  frame.writeUInt16BE(size.width, 3);
  const parts = [
    Buffer.from([0xff, 0xd8]),
    jpegSegment(0xdb, Buffer.concat([Buffer.of(0), Buffer.alloc(64, 1)])),
    jpegSegment(SOF2, frame),
    // One DC code, 0: no difference. Two AC codes, 0: a long run of empty blocks, 10: one empty block.
    jpegSegment(0xc4, Buffer.concat([Buffer.of(0x00, 1), Buffer.alloc(15), Buffer.of(0)])),
    jpegSegment(0xc4, Buffer.concat([Buffer.of(0x10, 1, 1), Buffer.alloc(14), Buffer.of(0xe0, 0x00)])),
  ];
  const scan = (first: number, last: number, bits: number): Buffer =>
    jpegSegment(0xda, Buffer.of(1, 1, 0x00, first, last, bits));
  parts.push(scan(0, 0, 0), emptyDcScan(blocks));
  const emptyAc = emptyAcScan(blocks);
  for (let index = 0; index < size.scans - 1; index += 1) {
    const coefficient = 1 + Math.floor(index / APPROXIMATIONS);
    const low = APPROXIMATIONS - 1 - (index % APPROXIMATIONS);
    const high = low === APPROXIMATIONS - 1 ? 0 : low + 1;
    parts.push(scan(coefficient, coefficient, (high << 4) | low), emptyAc);
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}

function emptyDcScan(blocks: number): Buffer {
  const padding = (8 - (blocks % 8)) % 8;
  const bytes = Buffer.alloc(Math.ceil(blocks / 8));
  bytes[bytes.length - 1] = (1 << padding) - 1;
  return bytes;
}

function emptyAcScan(blocks: number): Buffer {
  const bits = new BitWriter();
  let left = blocks;
  while (left > 0) {
    const run = Math.min(left, 0x7fff);
    if (run >= 0x4000) {
      bits.write(0, 1);
      bits.write(run - 0x4000, 14);
      left -= run;
    } else {
      bits.write(0b10, 2);
      left -= 1;
    }
  }
  return bits.end();
}
