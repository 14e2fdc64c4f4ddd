import { IMAGE_NAMES, type ImageName } from '../../shared/contract/compare-request.js';

/** Identifies a photo by its bytes and by its appearance. */
export interface PhotoIdentity {
  /** SHA-256 of the encoded bytes, hex. */
  readonly contentDigest: string;
  /** 64-bit perceptual hash, 16 hex digits. */
  readonly perceptualHash: string;
}

/** Two images that are one photo: byte for byte, or the same picture saved again or mirrored. */
export interface DuplicatePair {
  readonly first: ImageName;
  readonly second: ImageName;
  readonly kind: 'identical' | 'near_identical';
}

/** Bits in which the hashes of one picture may differ; measured in docs/accuracy.md. */
export const MAX_HASH_DISTANCE = 4;

/**
 * The same for a picture and its mirror image. Larger, because the mirrored hash is only an approximation. The closest
 * hash of a different photo differed in 16 bits, and two shots a second apart are never mirror images.
 */
export const MAX_MIRRORED_DISTANCE = 8;

/** Bits of the odd horizontal frequencies in a hash of eight rows of eight; mirroring flips their sign. */
const ODD_FREQUENCIES = 0x5555_5555_5555_5555n;

/** Returns every pair of images that are the same photo, in the order of the contract. */
export function findDuplicates(
  photos: Readonly<Partial<Record<ImageName, PhotoIdentity>>>,
): readonly DuplicatePair[] {
  return IMAGE_NAMES.flatMap((second, index) =>
    IMAGE_NAMES.slice(0, index).flatMap((first): DuplicatePair[] => {
      const kind = compareIdentities(photos[first], photos[second]);
      return kind ? [{ first, second, kind }] : [];
    }),
  );
}

/** Returns the number of bits in which two hashes of 16 hex digits differ, 0..64. */
export function hashDistance(left: string, right: string): number {
  let different = BigInt(`0x${left}`) ^ BigInt(`0x${right}`);
  let bits = 0;
  for (; different > 0n; different &= different - 1n) bits += 1;
  return bits;
}

function compareIdentities(left?: PhotoIdentity, right?: PhotoIdentity): DuplicatePair['kind'] | undefined {
  if (!left || !right) return undefined;
  if (left.contentDigest === right.contentDigest) return 'identical';
  const isNear =
    hashDistance(left.perceptualHash, right.perceptualHash) <= MAX_HASH_DISTANCE ||
    hashDistance(left.perceptualHash, mirrorHash(right.perceptualHash)) <= MAX_MIRRORED_DISTANCE;
  return isNear ? 'near_identical' : undefined;
}

/** Returns the approximate hash of the mirrored picture. */
function mirrorHash(hash: string): string {
  return (BigInt(`0x${hash}`) ^ ODD_FREQUENCIES).toString(16).padStart(16, '0');
}
