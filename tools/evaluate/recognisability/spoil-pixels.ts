import type { RgbImage } from '../../../src/worker/vision/types.js';
import type { Random } from '../plan/random.js';

/** Returns the image with every value replaced by `map(value)`, clipped to 0..255. */
export function mapTones(image: RgbImage, map: (value: number) => number): RgbImage {
  const table = Uint8Array.from({ length: 256 }, (_, value) => clip(map(value)));
  return { ...image, data: image.data.map((value) => table[value]!) };
}

/** Returns the image in `levels` tones of grey, as a bad photocopy; the borders between tones lie at even steps. */
export function toTones(image: RgbImage, levels: number): RgbImage {
  const grey = toGrey(image);
  const middle = median(grey);
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < grey.length; i++) {
    // The middle tone of the photo is the border of two tones, whatever its exposure.
    const share = Math.min(0.999, Math.max(0, (grey[i]! - middle) / 180 + 0.5));
    data.fill((Math.floor(share * levels) / (levels - 1)) * 255, i * 3, i * 3 + 3);
  }
  return { ...image, data };
}

/** Returns the image with normal noise of the given standard deviation. */
export function addNoise(image: RgbImage, deviation: number, random: Random): RgbImage {
  return { ...image, data: image.data.map((value) => clip(value + deviation * drawNormal(random))) };
}

/** Returns the image with a share of its pixels replaced by black or white. */
export function addSpecks(image: RgbImage, share: number, random: Random): RgbImage {
  const data = Uint8Array.from(image.data);
  for (let i = 0; i < data.length; i += 3) {
    if (random() < share) data.fill(random() < 0.5 ? 0 : 255, i, i + 3);
  }
  return { ...image, data };
}

/** Returns the image smeared along a line of `lengthPx`, as a moving camera does. */
export function smear(image: RgbImage, lengthPx: number, angle: number): RgbImage {
  const { width, height, data: source } = image;
  const data = new Uint8Array(source.length);
  const steps = Math.max(1, Math.round(lengthPx));
  const offsets = Array.from({ length: steps }, (_, step) => {
    const along = step - (steps - 1) / 2;
    return [Math.round(along * Math.cos(angle)), Math.round(along * Math.sin(angle))] as const;
  });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const [right, down] of offsets) {
          const column = Math.min(width - 1, Math.max(0, x + right));
          const row = Math.min(height - 1, Math.max(0, y + down));
          sum += source[(row * width + column) * 3 + channel]!;
        }
        data[(y * width + x) * 3 + channel] = sum / steps;
      }
    }
  }
  return { width, height, data };
}

/** Returns a number of the standard normal distribution (Box and Muller). */
export function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function toGrey({ data }: RgbImage): Uint8Array {
  return Uint8Array.from(
    { length: data.length / 3 },
    (_, i) => 0.299 * data[i * 3]! + 0.587 * data[i * 3 + 1]! + 0.114 * data[i * 3 + 2]!,
  );
}

function median(values: Uint8Array): number {
  return Uint8Array.from(values).sort()[values.length >> 1]!;
}

const clip = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));
