import { VerificationError } from '../../../shared/errors.js';

/**
 * A rotation, uniform scale and shift: (x, y) → (a·x − b·y + tx, b·x + a·y + ty). The scale is hypot(a, b), the angle
 * atan2(b, a), clockwise on the screen because y points down.
 */
export interface SimilarityTransform {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * Returns the similarity transform that maps `from` to `to` with the least squared error. Both are x0, y0, x1, y1, … of
 * the same length. In the plane, Umeyama's solution without reflection has this closed form, so no singular value
 * decomposition is needed.
 * @throws model_failure if the points of `from` coincide or a number is not finite.
 * @see S. Umeyama, Least-squares estimation of transformation parameters between two point patterns, PAMI 13(4), 1991
 */
export function estimateSimilarity(from: ArrayLike<number>, to: ArrayLike<number>): SimilarityTransform {
  const start = centroid(from);
  const end = centroid(to);
  let dot = 0;
  let cross = 0;
  let spread = 0;
  for (let i = 0; i < from.length; i += 2) {
    const x = from[i]! - start.x;
    const y = from[i + 1]! - start.y;
    const u = to[i]! - end.x;
    const v = to[i + 1]! - end.y;
    dot += x * u + y * v;
    cross += x * v - y * u;
    spread += x * x + y * y;
  }
  const a = dot / spread;
  const b = cross / spread;
  if (!(Math.hypot(a, b) > 0) || !Number.isFinite(a + b)) {
    throw new VerificationError('model_failure', { context: { reason: 'degenerate_landmarks' } });
  }
  return { a, b, tx: end.x - a * start.x + b * start.y, ty: end.y - b * start.x - a * start.y };
}

/** Returns the inverse transform. */
export function invertSimilarity({ a, b, tx, ty }: SimilarityTransform): SimilarityTransform {
  const square = a * a + b * b;
  const inverseA = a / square;
  const inverseB = -b / square;
  return {
    a: inverseA,
    b: inverseB,
    tx: -(inverseA * tx - inverseB * ty),
    ty: -(inverseB * tx + inverseA * ty),
  };
}

/** Returns the transformed points x0, y0, x1, y1, … in a new array; `points` is untouched. */
export function transformPoints(
  { a, b, tx, ty }: SimilarityTransform,
  points: ArrayLike<number>,
): Float32Array {
  const moved = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i]!;
    const y = points[i + 1]!;
    moved[i] = a * x - b * y + tx;
    moved[i + 1] = b * x + a * y + ty;
  }
  return moved;
}

function centroid(points: ArrayLike<number>): { x: number; y: number } {
  let x = 0;
  let y = 0;
  for (let i = 0; i < points.length; i += 2) {
    x += points[i]!;
    y += points[i + 1]!;
  }
  return { x: (2 * x) / points.length, y: (2 * y) / points.length };
}
