import { constants, crc32, deflateRawSync } from 'node:zlib';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** Length of signature and IHDR, before the first optional chunk of a PNG, bytes. */
const HEADER_LENGTH = 8 + 25;

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits per sample: 1, 8 or 16. */
  readonly depth?: number;
  /** 0 grey, 2 RGB, 6 RGBA. */
  readonly colourType?: 0 | 2 | 6;
  readonly interlaced?: boolean;
}

/** First column and row of each interlacing pass, and its steps. The picture must be at least 5 × 5 px. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

const CHANNELS = { 0: 1, 2: 3, 6: 4 } as const;

/** Returns one chunk: length, type, data, checksum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Returns a PNG with this header and `pixels` (zlib stream of filtered rows), whether they match or not. */
export function pngAround(header: PngHeader, pixels: Uint8Array): Buffer {
  const fields = Buffer.alloc(13);
  fields.writeUInt32BE(header.width, 0);
  fields.writeUInt32BE(header.height, 4);
  fields[8] = header.depth ?? 8;
  fields[9] = header.colourType ?? 2;
  fields[12] = header.interlaced ? 1 : 0;
  const chunks = [pngChunk('IHDR', fields), pngChunk('IDAT', pixels), pngChunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([SIGNATURE, ...chunks]);
}

/** Returns a valid black PNG, about a thousand times smaller than its pixels: a decompression bomb if it is large. */
export function blackPng(header: PngHeader): Buffer {
  const bits = CHANNELS[header.colourType ?? 2] * (header.depth ?? 8);
  const passes = header.interlaced ? ADAM7 : [[0, 0, 1, 1] as const];
  const lengths = passes.map(([left, top, stepX, stepY]) => {
    const width = Math.ceil((header.width - left) / stepX);
    return Math.ceil((header.height - top) / stepY) * (1 + Math.ceil((width * bits) / 8));
  });
  return pngAround(header, deflatedZeros(lengths.reduce((sum, length) => sum + length, 0)));
}

/** Returns `png` with chunks inserted after its header. */
export function withPngChunks(png: Buffer, chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, HEADER_LENGTH), ...chunks, png.subarray(HEADER_LENGTH)]);
}

const ZEROS_CHUNK = 1 << 20;

/** Returns the zlib stream of `length` zero bytes, built from one compressed mebibyte, so size costs almost nothing. */
export function deflatedZeros(length: number): Buffer {
  const deflated = (zeros: number): Buffer =>
    deflateRawSync(Buffer.alloc(zeros), { finishFlush: constants.Z_FULL_FLUSH });
  const chunks = Array<Buffer>(Math.floor(length / ZEROS_CHUNK)).fill(deflated(ZEROS_CHUNK));
  const end = Buffer.from([0x01, 0, 0, 0xff, 0xff, 0, 0, 0, 0]);
  // Adler-32 of zeros: the first sum stays 1, the second counts the bytes.
  end.writeUInt32BE((length % 65_521) * 65_536 + 1, 5);
  return Buffer.concat([Buffer.from([0x78, 0x01]), ...chunks, deflated(length % ZEROS_CHUNK), end]);
}
