import { jpegSegment, withJpegSegments } from './jpeg-builder.js';

const SOS = 0xda;
const DHT = 0xc4;

/** Returns the positions of all markers with this second byte. */
export function findMarkers(jpeg: Buffer, marker: number): number[] {
  const positions: number[] = [];
  const wanted = Buffer.of(0xff, marker);
  for (let at = jpeg.indexOf(wanted); at !== -1; at = jpeg.indexOf(wanted, at + 2)) positions.push(at);
  return positions;
}

/** Returns `jpeg` with `bytes` inserted at each of these positions, which ascend. */
export function withBytesAt(jpeg: Buffer, positions: readonly number[], bytes: Uint8Array): Buffer {
  const ends = [...positions, jpeg.length];
  return Buffer.concat(
    ends.flatMap((end, index) => [bytes, jpeg.subarray(ends[index - 1] ?? 0, end)]).slice(1),
  );
}

/** Returns the positions of all restart markers of a JPEG whose other data has none of their bytes. */
export function findRestarts(jpeg: Buffer): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7]
    .flatMap((number) => findMarkers(jpeg, 0xd0 + number))
    .sort((one, other) => one - other);
}

/** Returns a sequential JPEG whose scan header claims a spectral selection of 0 to 0, as Samsung's front cameras write. */
export function withoutSpectralSelection(jpeg: Buffer): Buffer {
  const copy = Buffer.from(jpeg);
  for (const at of findMarkers(copy, SOS)) copy.set([0, 0, 0], at + 5 + 2 * copy[at + 4]!);
  return copy;
}

/** Returns a JPEG with stray bytes between its header segments. */
export function withStrayHeaderBytes(jpeg: Buffer, bytes: Uint8Array): Buffer {
  return withBytesAt(jpeg, [findMarkers(jpeg, DHT)[0]!], bytes);
}

/** Returns a sequential JPEG without its Huffman tables. If it was made with the standard ones, decoders know them. */
export function withoutHuffmanTables(jpeg: Buffer): Buffer {
  const parts = [jpeg.subarray(0, 2)];
  let at = 2;
  for (; jpeg[at + 1] !== SOS; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] !== DHT) parts.push(jpeg.subarray(at, at + 2 + jpeg.readUInt16BE(at + 2)));
  }
  return Buffer.concat([...parts, jpeg.subarray(at)]);
}

/** Returns a JPEG with a JFIF segment of version `major`.0 in front. */
export function withJfifVersion(jpeg: Buffer, major: number): Buffer {
  const jfif = Buffer.from('JFIF\0\x01\x00\0\0\x01\0\x01\0\0', 'latin1');
  jfif[5] = major;
  return withJpegSegments(jpeg, [jpegSegment(0xe0, jfif)]);
}

/** Returns a JPEG with an Adobe segment of this colour transform in front: 0 none, 1 YCbCr, 2 YCCK. */
export function withAdobeTransform(jpeg: Buffer, transform: number): Buffer {
  const adobe = Buffer.from('Adobe\0\x64\0\0\0\0\0', 'latin1');
  adobe[11] = transform;
  return withJpegSegments(jpeg, [jpegSegment(0xee, adobe)]);
}
