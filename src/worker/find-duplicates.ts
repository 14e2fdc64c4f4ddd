import { IMAGE_NAMES, type ImageName } from '../shared/contract.js';

/** What identifies a photo: its bytes and its look. */
export interface PhotoIdentity {
  /** SHA-256 of the encoded bytes, hex. */
  readonly contentDigest: string;
  /** 64-bit perceptual hash, 16 hex digits. */
  readonly perceptualHash: string;
}

/** Two images that are one photo: byte for byte, or the same picture saved anew. */
export interface DuplicatePair {
  readonly first: ImageName;
  readonly second: ImageName;
  readonly kind: 'identical' | 'near_identical';
}

/** Bits in which two hashes may differ and still be the same picture; see docs/accuracy.md for how it was measured. */
export const MAX_HASH_DISTANCE = 4;

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
  return hashDistance(left.perceptualHash, right.perceptualHash) <= MAX_HASH_DISTANCE
    ? 'near_identical'
    : undefined;
}
