/** Offset of the number of tags in an ICC profile, bytes. The tags follow: signature, offset and size, 4 bytes each. */
const TAG_COUNT_AT = 128;
const TAG_BYTES = 12;
const MAX_TAGS = 100;

/** XYZ of sRGB's red, green and blue, adapted to D50 as in every profile. */
const COLORANTS = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
} as const;
const MAX_COLORANT_ERROR = 0.001;

const CURVES = ['rTRC', 'gTRC', 'bTRC'] as const;
const CURVE_SAMPLES = 64;
/** Half a grey value of 8 bits: what rounding hides. */
const MAX_CURVE_ERROR = 0.5 / 255;

type Tags = ReadonlyMap<string, DataView>;

/**
 * True if an ICC profile describes sRGB itself, so that applying it changes no pixel: three colorants and three curves, and
 * no table that a colour engine would use instead. The transform costs as much as the rest of decoding a JPEG at half its
 * size. False for anything else, also for a broken profile.
 * @see ICC.1:2022, sections 7.3 (tag table), 10.6 (curveType), 10.18 (parametricCurveType), 10.31 (XYZType); IEC 61966-2-1
 */
export function isSrgbProfile(profile: Uint8Array): boolean {
  try {
    const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
    if (textAt(view, 16) !== 'RGB ' || textAt(view, 20) !== 'XYZ ') return false;
    const tags = readTags(view);
    if ([...tags.keys()].some((tag) => /^(?:A2B|D2B)\d$/.test(tag))) return false;
    return (
      Object.entries(COLORANTS).every(([tag, xyz]) => isColorant(tags.get(tag), xyz)) &&
      CURVES.every((tag) => isSrgbCurve(tags.get(tag)))
    );
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function readTags(view: DataView): Tags {
  const count = view.getUint32(TAG_COUNT_AT);
  const tags = new Map<string, DataView>();
  for (let index = 0; index < Math.min(count, MAX_TAGS); index++) {
    const at = TAG_COUNT_AT + 4 + index * TAG_BYTES;
    const data = new DataView(view.buffer, view.byteOffset + view.getUint32(at + 4), view.getUint32(at + 8));
    tags.set(textAt(view, at), data);
  }
  return tags;
}

function isColorant(tag: DataView | undefined, xyz: readonly number[]): boolean {
  if (!tag || textAt(tag, 0) !== 'XYZ ') return false;
  return xyz.every((value, index) => Math.abs(fixedAt(tag, 8 + index * 4) - value) <= MAX_COLORANT_ERROR);
}

function isSrgbCurve(tag: DataView | undefined): boolean {
  const toLinear = tag && readCurve(tag);
  if (!toLinear) return false;
  return Array.from({ length: CURVE_SAMPLES + 1 }, (_, index) => index / CURVE_SAMPLES).every(
    (value) => Math.abs(encodeSrgb(toLinear(value)) - value) <= MAX_CURVE_ERROR,
  );
}

/** Returns the curve from encoded to linear values, 0..1; undefined if it is of a kind that sRGB profiles do not use. */
function readCurve(tag: DataView): ((value: number) => number) | undefined {
  if (textAt(tag, 0) === 'curv') return readTable(tag);
  if (textAt(tag, 0) !== 'para' || tag.getUint16(8) !== 3) return undefined;
  const [g = 0, a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3, 4].map((index) => fixedAt(tag, 12 + index * 4));
  return (value) => (value >= d ? (a * value + b) ** g : c * value);
}

function readTable(tag: DataView): ((value: number) => number) | undefined {
  const last = tag.getUint32(8) - 1;
  // No entry means linear, and one means a plain gamma: neither is sRGB.
  if (last < 1) return undefined;
  const entry = (index: number) => tag.getUint16(12 + index * 2) / 65_535;
  return (value) => {
    const at = Math.min(last - 1, Math.floor(value * last));
    return entry(at) + (entry(at + 1) - entry(at)) * (value * last - at);
  };
}

function encodeSrgb(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
}

/** Reads an s15Fixed16Number. */
function fixedAt(view: DataView, at: number): number {
  return view.getInt32(at) / 65_536;
}
