import { IMAGE_NAMES, type ImageName } from '../../shared/contract/compare-request.js';

/** What identifies a photo: its bytes and its look. */
export interface PhotoIdentity {
  /** SHA-256 of the encoded bytes, hex. */
  readonly contentDigest: string;
  /** 64-bit perceptual hash, 16 hex digits. */
  readonly perceptualHash: string;
}

/** Two images that are one photo: byte for byte, or the same picture saved anew or mirrored. */
export interface DuplicatePair {
  readonly first: ImageName;
  readonly second: ImageName;
  readonly kind: 'identical' | 'near_identical';
}

/** Bits in which two hashes may differ and still be the same picture; see docs/accuracy.md for how it was measured. */
export const MAX_HASH_DISTANCE = 4;

/**
 * The same for a picture and a mirrored one. Larger, because the mirrored hash is only worked out; still far from 16, the
 * nearest that another photo came, and nobody takes two shots a second apart of which one is mirrored.
 */
export const MAX_MIRRORED_DISTANCE = 8;

/** Bits of the odd horizontal frequencies, whose sign mirroring turns, in a hash of eight rows of eight. */
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

/** Returns the hash that the mirrored picture has, give or take a few bits. */
function mirrorHash(hash: string): string {
  return (BigInt(`0x${hash}`) ^ ODD_FREQUENCIES).toString(16).padStart(16, '0');
}
