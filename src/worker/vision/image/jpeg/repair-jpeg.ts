import { isFrameMarker, JPEG_MARKERS, type JpegSegment, nextSegment } from './next-segment.js';
import {
  createHuffmanCodes,
  type HuffmanCodes,
  type ScanComponent,
  type ScanLayout,
  walkInterval,
} from './walk-huffman-scan.js';

const { SOF2, DHT, RST0, RST7, SOI, EOI, SOS, DRI, APP0, APP14 } = JPEG_MARKERS;

/**
 * Bytes between the data of an interval and its marker that count as stray at most. Webcams write a few to reach a multiple
 * of 4 or 8. After damage many more are usually left over. Any number of equal bytes is padding.
 */
const MOST_STRAY_BYTES = 32;

/**
 * Returns a copy of a JPEG without the harmless irregularities that cameras, webcams and scanners write and that a strict
 * decoder refuses: stray bytes between segments, before restart markers and before the end; spectral selection of zeros in
 * a sequential scan; unknown versions in the JFIF and Adobe segments. Bytes after the picture are dropped. Returns undefined
 * if the picture is incomplete or damaged: all data of a sequential Huffman-coded picture is checked (walkInterval).
 * Changes no coefficient, so the pixels are those that a lenient decoder shows.
 */
export function repairJpeg(bytes: Uint8Array): Uint8Array | undefined {
  return new JpegRepair(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).run();
}

interface Frame {
  readonly marker: number;
  readonly width: number;
  readonly height: number;
  /** Sampling factors by component id. */
  readonly sampling: ReadonlyMap<number, { readonly h: number; readonly v: number }>;
}

/** Copies a file segment by segment. Owns the copy and the tables that the segments define. */
class JpegRepair {
  readonly #file: Buffer;
  readonly #copy: Buffer;
  #length = 0;
  /** Huffman tables by class (0x00 DC, 0x10 AC) and number. */
  readonly #codes = new Map<number, HuffmanCodes>();
  #frame: Frame | undefined;
  #adobe: Buffer | undefined;
  #unitsPerInterval = 0;

  constructor(file: Buffer) {
    this.#file = file;
    // Nothing is added, so the copy is never longer.
    this.#copy = Buffer.alloc(file.length);
    this.#write(0, 2);
  }

  run(): Uint8Array | undefined {
    let at: number | undefined = 2;
    while (at !== undefined) {
      const segment = nextSegment(this.#file, at);
      if (segment === undefined || segment.marker === SOI) return undefined;
      if (segment.marker === EOI) return this.#finish(segment);
      at = this.#copySegment(segment);
    }
    return undefined;
  }

  #write(from: number, to: number): void {
    this.#length += this.#file.copy(this.#copy, this.#length, from, to);
  }

  #finish({ start }: JpegSegment): Uint8Array | undefined {
    if (this.#frame === undefined) return undefined;
    repairAdobe(this.#adobe, this.#frame.sampling.size);
    this.#write(start - 2, start);
    return this.#copy.subarray(0, this.#length);
  }

  /** Copies a segment, with the data of a scan. Returns the position behind it. */
  #copySegment({ marker, start, end }: JpegSegment): number | undefined {
    if (end > this.#file.length || end < start + 2) return undefined;
    this.#write(start - 2, end);
    const data = this.#copy.subarray(this.#length - (end - start - 2), this.#length);
    if (marker === DHT) return this.#readCodes(data) ? end : undefined;
    if (marker === DRI && data.length >= 2) this.#unitsPerInterval = data.readUInt16BE(0);
    if (marker === APP0) repairJfif(data);
    if (marker === APP14) this.#adobe = data;
    if (isFrameMarker(marker)) this.#frame = readFrame(marker, data);
    return marker === SOS ? this.#copyScan(data, end) : end;
  }

  #readCodes(data: Buffer): boolean {
    for (let at = 0; at < data.length; ) {
      const counts = data.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const codes = createHuffmanCodes(counts, data.subarray(at + 17, at + 17 + total));
      if (codes === undefined) return false;
      this.#codes.set(data[at] ?? 0, codes);
      at += 17 + total;
    }
    return true;
  }

  #copyScan(header: Buffer, start: number): number | undefined {
    const count = header[0] ?? 0;
    if (this.#frame === undefined || header.length < 4 + 2 * count) return undefined;
    // Progressive and arithmetic scans are left to the decoder.
    if (this.#frame.marker >= SOF2) return this.#copyUnchecked(start);
    header.set([0, 63, 0], 1 + 2 * count);
    const layout = this.#layoutOf(header.subarray(1, 1 + 2 * count), this.#frame);
    return layout && this.#copyIntervals(start, layout);
  }

  #copyIntervals(start: number, layout: ScanLayout): number | undefined {
    const { components, units, unitsPerInterval } = layout;
    const perInterval = unitsPerInterval || units;
    let at = start;
    for (let index = 0; index * perInterval < units; index += 1) {
      if (index > 0) {
        if (this.#file[at + 1] !== RST0 + ((index - 1) % 8)) return undefined;
        this.#write(at, at + 2);
        at += 2;
      }
      const left = units - index * perInterval;
      const interval = walkInterval(this.#file, at, { components, units: Math.min(perInterval, left) });
      if (interval === undefined) return undefined;
      const { end, marker } = interval;
      if (end < marker && !isStray(this.#file.subarray(end, marker))) return undefined;
      this.#write(at, end);
      at = marker;
    }
    return at;
  }

  #copyUnchecked(start: number): number | undefined {
    let at = start;
    for (;;) {
      at = this.#file.indexOf(0xff, at);
      if (at === -1) return undefined;
      const next = this.#file[at + 1] ?? EOI;
      if (next !== 0 && next !== 0xff && !(next >= RST0 && next <= RST7)) break;
      at += next === 0xff ? 1 : 2;
    }
    this.#write(start, at);
    return at;
  }

  /** `selectors`: id and tables of each component of the scan. Source: ITU-T T.81, A.2 and B.2.3. */
  #layoutOf(selectors: Uint8Array, frame: Frame): ScanLayout | undefined {
    const components: ScanComponent[] = [];
    const isSingle = selectors.length === 2;
    const [maxH, maxV] = ['h' as const, 'v' as const].map((axis) =>
      Math.max(...[...frame.sampling.values()].map((factors) => factors[axis])),
    ) as [number, number];
    let [unitWidth, unitHeight] = [8 * maxH, 8 * maxV];
    for (let at = 0; at < selectors.length; at += 2) {
      const factors = frame.sampling.get(selectors[at]!);
      const tables = selectors[at + 1] ?? 0;
      const dc = this.#codes.get(tables >> 4);
      const ac = this.#codes.get(0x10 | (tables & 15));
      if (!factors?.h || !factors.v || !dc || !ac) return undefined;
      // A scan of one component has a unit for each of its blocks.
      if (isSingle) [unitWidth, unitHeight] = [(8 * maxH) / factors.h, (8 * maxV) / factors.v];
      components.push({ blocksPerUnit: isSingle ? 1 : factors.h * factors.v, dc, ac });
    }
    const units = Math.ceil(frame.width / unitWidth) * Math.ceil(frame.height / unitHeight);
    return { components, units, unitsPerInterval: this.#unitsPerInterval };
  }
}

function readFrame(marker: number, data: Buffer): Frame | undefined {
  if (data.length < 6 || data.length < 6 + 3 * (data[5] ?? 0)) return undefined;
  const sampling = new Map<number, { h: number; v: number }>();
  for (let at = 6; at + 2 < data.length; at += 3)
    sampling.set(data[at]!, { h: data[at + 1]! >> 4, v: data[at + 1]! & 15 });
  return { marker, width: data.readUInt16BE(3), height: data.readUInt16BE(1), sampling };
}

/** Sets an unknown version of JFIF to 1.02. */
function repairJfif(data: Buffer): void {
  if (data.toString('latin1', 0, 5) === 'JFIF\0' && data.length > 6 && data[5] !== 1) data.set([1, 2], 5);
}

/** Sets a colour transform that is impossible for this number of components to the one that decoders assume. */
function repairAdobe(data: Buffer | undefined, components: number): void {
  const assumed = components === 4 ? 2 : 1;
  if (data?.toString('latin1', 0, 5) !== 'Adobe' || data.length < 12) return;
  if (data[11] !== 0 && data[11] !== assumed) data[11] = assumed;
}

function isStray(bytes: Uint8Array): boolean {
  return bytes.length <= MOST_STRAY_BYTES || bytes.every((byte) => byte === bytes[0]);
}
