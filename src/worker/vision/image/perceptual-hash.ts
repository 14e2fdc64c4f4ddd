import type { ImagePyramid } from './image-pyramid.js';
import { writeTensor } from './to-tensor.js';

/** Side of the reduced picture that is hashed, px. */
const SIDE = 32;

/** Samples per pixel of that picture along each axis. */
const SAMPLES = 4;

/** Frequencies used along each axis. */
const FREQUENCIES = 8;

const COSINES = cosineTable();

/**
 * Returns a 64-bit perceptual hash of a photo as 16 hex digits. Scaling, recompression and slight changes of tone change
 * few bits; a different photo differs in about 32. Turned, cropped and mirrored photos count as different, but the hash of
 * a mirrored photo can be derived: every odd horizontal frequency changes its sign. A bit is 1 if one of the 8 × 8 lowest
 * frequencies of the luma, reduced to 32 × 32, is above their median.
 * @see C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010 (DCT hash)
 */
export function hashPhoto(photo: ImagePyramid): string {
  const frequencies = lowFrequencies(shrinkToLuma(photo));
  const middle = frequencies.toSorted();
  const median = (middle[31]! + middle[32]!) / 2;
  let hash = '';
  for (let i = 0; i < frequencies.length; i += 4) {
    let digit = 0;
    for (let bit = 0; bit < 4; bit++) digit = digit * 2 + (frequencies[i + bit]! > median ? 1 : 0);
    hash += digit.toString(16);
  }
  return hash;
}

/** Returns the luma at 32 × 32. Each value is the mean of a block: single samples would make the hash depend on the size. */
function shrinkToLuma(photo: ImagePyramid): Float32Array {
  const sampled = SIDE * SAMPLES;
  const size = { width: sampled, height: sampled };
  const plane = sampled * sampled;
  const planes = new Float32Array(3 * plane);
  writeTensor(planes, photo, {
    placement: {
      canvas: size,
      content: size,
      offsetX: 0,
      offsetY: 0,
      quarterTurns: 0,
      stepX: photo.width / sampled,
      stepY: photo.height / sampled,
    },
    normalisation: { mean: 0, std: 1, channels: 'rgb' },
  });
  const luma = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < plane; i++) {
    const value = 0.299 * planes[i]! + 0.587 * planes[plane + i]! + 0.114 * planes[2 * plane + i]!;
    const row = Math.floor(i / sampled / SAMPLES);
    luma[row * SIDE + Math.floor((i % sampled) / SAMPLES)]! += value;
  }
  return luma;
}

/** Returns the 8 × 8 lowest DCT-II coefficients, row-major. The mean (frequency 0, 0), which is only brightness, is set to 0. */
function lowFrequencies(luma: Float32Array): Float32Array {
  const rows = new Float32Array(SIDE * FREQUENCIES);
  for (let y = 0; y < SIDE; y++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += luma[y * SIDE + x]! * COSINES[u * SIDE + x]!;
      rows[y * FREQUENCIES + u] = sum;
    }
  }
  const result = new Float32Array(FREQUENCIES * FREQUENCIES);
  for (let v = 0; v < FREQUENCIES; v++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let y = 0; y < SIDE; y++) sum += rows[y * FREQUENCIES + u]! * COSINES[v * SIDE + y]!;
      result[v * FREQUENCIES + u] = sum;
    }
  }
  result[0] = 0;
  return result;
}

function cosineTable(): Float32Array {
  const table = new Float32Array(FREQUENCIES * SIDE);
  for (let u = 0; u < FREQUENCIES; u++) {
    for (let x = 0; x < SIDE; x++) table[u * SIDE + x] = Math.cos(((2 * x + 1) * u * Math.PI) / (2 * SIDE));
  }
  return table;
}
