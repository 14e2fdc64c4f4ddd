import { type InferenceSession, Tensor } from 'onnxruntime-node';

// InsightFace's pipeline written a second time, slowly and plainly in double precision, to compare ours with. It shares
// no code with src/. Sources: deepinsight/insightface, python-package/insightface: model_zoo/scrfd.py, utils/face_align.py,
// model_zoo/arcface_onnx.py (MIT); OpenCV's resize and warpAffine with INTER_LINEAR; Umeyama, PAMI 13(4), 1991.

/** 8-bit RGB, row-major, interleaved. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface ReferenceFace {
  /** x1, y1, x2, y2 */
  readonly box: readonly number[];
  readonly score: number;
  /** Five pairs. */
  readonly points: readonly (readonly [number, number])[];
}

const DETECTION_SIDE = 640;
const STRIDES = [8, 16, 32];
const TEMPLATE: readonly (readonly [number, number])[] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/** Returns the faces as SCRFD.detect of InsightFace does, best score first. */
export async function detectByReference(
  session: InferenceSession,
  picture: Picture,
): Promise<ReferenceFace[]> {
  const ratio = picture.height / picture.width;
  const height = ratio > 1 ? DETECTION_SIDE : Math.trunc(DETECTION_SIDE * ratio);
  const width = ratio > 1 ? Math.trunc(DETECTION_SIDE / ratio) : DETECTION_SIDE;
  const scale = height / picture.height;
  const resized = resize(picture, width, height);
  const area = DETECTION_SIDE ** 2;
  const blob = new Float32Array(3 * area).fill((0 - 127.5) / 128);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const value = resized.data[(y * width + x) * 3 + c] ?? 0;
        blob[c * area + y * DETECTION_SIDE + x] = (value - 127.5) / 128;
      }
    }
  }
  const tensor = new Tensor('float32', blob, [1, 3, DETECTION_SIDE, DETECTION_SIDE]);
  const results = await session.run({ [session.inputNames[0] ?? '']: tensor });
  const outputs = session.outputNames.map((name) => Array.from(results[name]?.data as Float32Array));
  const faces: ReferenceFace[] = [];
  STRIDES.forEach((stride, level) => {
    const [scores = [], boxes = [], points = []] = [outputs[level], outputs[level + 3], outputs[level + 6]];
    scores.forEach((score, index) => {
      if (score < 0.5) return;
      // Two anchors per cell, cells row by row.
      const cell = Math.floor(index / 2);
      const columns = DETECTION_SIDE / stride;
      const centre = [(cell % columns) * stride, Math.floor(cell / columns) * stride] as const;
      const at = (values: readonly number[], i: number) => (values[i] ?? Number.NaN) * stride;
      const box = [
        centre[0] - at(boxes, index * 4),
        centre[1] - at(boxes, index * 4 + 1),
        centre[0] + at(boxes, index * 4 + 2),
        centre[1] + at(boxes, index * 4 + 3),
      ].map((value) => value / scale);
      const five = TEMPLATE.map((_, k): [number, number] => [
        (centre[0] + at(points, index * 10 + k * 2)) / scale,
        (centre[1] + at(points, index * 10 + k * 2 + 1)) / scale,
      ]);
      faces.push({ box, score, points: five });
    });
  });
  return suppress(faces, 0.4);
}

/** Returns the aligned face of 112 × 112 as face_align.norm_crop does. */
export function alignByReference(picture: Picture, face: ReferenceFace): Picture {
  const [a, b, tx, c, d, ty] = umeyama(face.points, TEMPLATE);
  const determinant = a * d - b * c;
  const side = 112;
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const sourceX = (d * (x - tx) - b * (y - ty)) / determinant;
      const sourceY = (a * (y - ty) - c * (x - tx)) / determinant;
      for (let channel = 0; channel < 3; channel++) {
        data[(y * side + x) * 3 + channel] = Math.round(
          bilinear(picture, { x: sourceX, y: sourceY, channel }),
        );
      }
    }
  }
  return { width: side, height: side, data };
}

/** Returns the embedding of an aligned face, at length 1. */
export async function embedByReference(
  session: InferenceSession,
  aligned: Picture,
  { mean, std } = { mean: 127.5, std: 127.5 },
): Promise<number[]> {
  const area = 112 * 112;
  const blob = new Float32Array(3 * area);
  aligned.data.forEach((value, index) => {
    blob[(index % 3) * area + Math.floor(index / 3)] = (value - mean) / std;
  });
  const results = await session.run({
    [session.inputNames[0] ?? '']: new Tensor('float32', blob, [1, 3, 112, 112]),
  });
  const raw = Array.from(results[session.outputNames[0] ?? '']?.data as Float32Array);
  const norm = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0));
  return raw.map((value) => value / norm);
}

/** Returns the inner product. */
export function cosine(one: ArrayLike<number>, other: ArrayLike<number>): number {
  return Array.from(one).reduce((sum, value, index) => sum + value * (other[index] ?? Number.NaN), 0);
}

/** Resizes as OpenCV does: pixel centres, repeated edge, rounded. */
export function resize(picture: Picture, width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sourceX = clamp((x + 0.5) * (picture.width / width) - 0.5, picture.width - 1);
      const sourceY = clamp((y + 0.5) * (picture.height / height) - 0.5, picture.height - 1);
      for (let channel = 0; channel < 3; channel++) {
        data[(y * width + x) * 3 + channel] = Math.round(
          bilinear(picture, { x: sourceX, y: sourceY, channel }),
        );
      }
    }
  }
  return { width, height, data };
}

/** Returns the bilinear sample at a position; pixels outside the picture are black. */
function bilinear(picture: Picture, { x, y, channel }: { x: number; y: number; channel: number }): number {
  const pixel = (column: number, row: number): number => {
    const isInside = column >= 0 && row >= 0 && column < picture.width && row < picture.height;
    return isInside ? (picture.data[(row * picture.width + column) * 3 + channel] ?? 0) : 0;
  };
  const left = Math.floor(x);
  const top = Math.floor(y);
  const across = x - left;
  const down = y - top;
  return (
    pixel(left, top) * (1 - across) * (1 - down) +
    pixel(left + 1, top) * across * (1 - down) +
    pixel(left, top + 1) * (1 - across) * down +
    pixel(left + 1, top + 1) * across * down
  );
}

/** Greedy suppression with the pixel-counting areas of the original code. */
export function suppress(faces: readonly ReferenceFace[], maxOverlap: number): ReferenceFace[] {
  let left = [...faces].sort((one, other) => other.score - one.score);
  const kept: ReferenceFace[] = [];
  while (left.length > 0) {
    const [best, ...others] = left;
    if (!best) break;
    kept.push(best);
    left = others.filter((other) => overlap(best.box, other.box) <= maxOverlap);
  }
  return kept;
}

function overlap(one: readonly number[], other: readonly number[]): number {
  const [ax = 0, ay = 0, bx = 0, by = 0] = one;
  const [cx = 0, cy = 0, dx = 0, dy = 0] = other;
  const width = Math.max(0, Math.min(bx, dx) - Math.max(ax, cx) + 1);
  const height = Math.max(0, Math.min(by, dy) - Math.max(ay, cy) + 1);
  const area = (bx - ax + 1) * (by - ay + 1) + (dx - cx + 1) * (dy - cy + 1);
  return (width * height) / (area - width * height);
}

/**
 * Umeyama's least-squares similarity as the 2 × 3 matrix a, b, tx, c, d, ty, by the singular value decomposition
 * of the covariance, equations (38) to (43) of the paper.
 */
function umeyama(
  from: readonly (readonly [number, number])[],
  to: readonly (readonly [number, number])[],
): [number, number, number, number, number, number] {
  const n = from.length;
  const mean = (points: readonly (readonly [number, number])[], axis: 0 | 1) =>
    points.reduce((sum, point) => sum + point[axis], 0) / n;
  const [fx, fy, gx, gy] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)];
  let variance = 0;
  const sigma = [0, 0, 0, 0];
  from.forEach(([x, y], index) => {
    const [u, v] = to[index] ?? [Number.NaN, Number.NaN];
    variance += ((x - fx) ** 2 + (y - fy) ** 2) / n;
    const products = [(u - gx) * (x - fx), (u - gx) * (y - fy), (v - gy) * (x - fx), (v - gy) * (y - fy)];
    products.forEach((product, k) => {
      sigma[k] = (sigma[k] ?? 0) + product / n;
    });
  });
  const [p = 0, q = 0, r = 0, s = 0] = sigma;
  // Decomposition of [[p, q], [r, s]] = R(alpha) diag(large, small) R(beta), small negative for a reflection.
  const sum = Math.atan2(r - q, p + s);
  const difference = Math.atan2(r + q, p - s);
  const half = Math.hypot(p + s, r - q) / 2;
  const other = Math.hypot(p - s, r + q) / 2;
  const alpha = (difference + sum) / 2;
  const beta = (sum - difference) / 2;
  // S = diag(1, sign of the determinant) keeps the rotation proper; the trace of D·S is the sum of both signed values.
  const trace = half + other + (half - other);
  const angle = alpha + beta;
  const scale = trace / variance;
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  return [cos, -sin, gx - cos * fx + sin * fy, sin, cos, gy - sin * fx - cos * fy];
}

const clamp = (value: number, max: number): number => Math.min(max, Math.max(0, value));
